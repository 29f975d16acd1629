// @ts-check
// People as a file: those whom the list showed, or everyone.
import { fetchRaw } from '../../api.js';
import { html } from '../../html.js';
import { Problem } from '../../problem.js';
import { query, setQuery } from '../../router.js';
import { batch, signal } from '../../state.js';
import { visible } from '../../format.js';
import { named } from '../../text.js';
import { icon } from '../../ui/icons.js';
import { problemNotice } from '../../ui/notice.js';
import { filtersOf } from '../people/listing.js';
import { save, size } from './save.js';
import { t } from './text.js';

const NAMES = /** @type {const} */ (['role', 'is_active', 'assigned_manager_id', 'created_by', 'created_from', 'created_to', 'q', 'sort']);

export class Export {
  constructor() {
    /** What has arrived, in bytes, while a file is received. */
    this.received = signal(/** @type {number | null} */ (null));
    this.done = signal('');
    this.problem = signal(/** @type {Problem | null} */ (null));
    this.aborter = new AbortController();
  }

  stop() {
    this.aborter.abort();
  }

  /**
   * @param {'csv' | 'ndjson'} kind
   * @param {boolean} bom
   */
  async run(kind, bom) {
    this.aborter = new AbortController();
    const { signal: aborted } = this.aborter;
    batch(() => {
      this.received.value = 0;
      this.done.value = '';
      this.problem.value = null;
    });
    try {
      const accept = kind === 'csv' ? 'text/csv' : 'application/x-ndjson';
      const filters = { ...filtersOf(query.peek()), ...(bom ? { bom } : {}) };
      const response = await fetchRaw('get', '/users/export', { query: filters, accept, signal: aborted });
      const file = await this.read(response, accept);
      const name = `clientele-${new Date().toISOString().slice(0, 10)}.${kind}`;
      save(file, name);
      this.done.value = t('out.done', { name, size: size(file.size) });
    } catch (error) {
      if (!aborted.aborted) this.problem.value = error instanceof Problem ? error : Problem.offline();
    } finally {
      this.received.value = null;
    }
  }

  /**
   * @param {Response} response
   * @param {string} type
   */
  async read(response, type) {
    const parts = [];
    let bytes = 0;
    for (const reader = response.body?.getReader(); reader;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      this.received.value = bytes += value.byteLength;
    }
    return new Blob(parts, { type });
  }

  view() {
    const bytes = this.received.value;
    return html`
      <section class="card" aria-labelledby="export-title">
        <h2 id="export-title">${icon('download')}${t('out.title')}</h2>
        ${filters()}
        ${bytes === null ? this.buttons() : html`<div class="busy"><p role="status">${t('out.running', { size: size(bytes) })}</p><progress aria-label=${t('out.title')}></progress>
          <button type="button" @click=${() => this.stop()}>${t('out.stop')}</button></div>`}
        <div role="status">${this.done.value ? html`<p class="added">${icon('check')}${this.done.value}</p>` : null}</div>
        ${this.problem.value ? problemNotice(this.problem.value) : null}
        <p class="hint">${t('out.hint')}</p>
      </section>`;
  }

  buttons() {
    return html`<div class="actions">
      <button type="button" class="primary" @click=${() => void this.run('csv', true)}>${t('out.spreadsheet')}</button>
      <button type="button" @click=${() => void this.run('csv', false)}>${t('out.csv')}</button>
      <button type="button" @click=${() => void this.run('ndjson', false)}>${t('out.json')}</button>
    </div>`;
  }
}

/** Who is in the file. */
function filters() {
  const set = NAMES.filter((name) => query.value.get(name));
  if (set.length === 0) return html`<p class="muted">${t('out.everyone')}</p>`;
  const clear = () => setQuery(Object.fromEntries(set.map((name) => [name, null])), { push: true });
  return html`<p class="muted">${t('out.filtered')}</p>
    <ul class="totals">${set.map((name) => html`<li>${inWords(name, query.value.get(name) ?? '')}</li>`)}</ul>
    <button type="button" class="link" @click=${clear}>${t('out.all')}</button>`;
}

/**
 * @param {typeof NAMES[number]} name
 * @param {string} value
 */
function inWords(name, value) {
  if (name === 'assigned_manager_id' && value === 'none') return t('out.filter.none');
  return t(`out.filter.${name}`, { value: visible(name === 'role' ? named('role', value) : value) });
}
