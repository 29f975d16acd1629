// @ts-check
// What else to keep about a customer: names and values, without writing JSON by hand.
import { html, live, repeat } from '../../html.js';
import { signal } from '../../state.js';
import { named } from '../../text.js';
import { icon } from '../../ui/icons.js';
import { t } from '../people/text.js';

/** @typedef {'text' | 'number' | 'boolean' | 'json'} Kind */
/** @typedef {{ id: number, name: string, kind: Kind, text: string, wrong?: string }} Row */

const KINDS = /** @type {const} */ (['text', 'number', 'boolean', 'json']);
let last = 0;

/** Rows that are being typed. */
export class MetadataRows {
  constructor() {
    this.rows = signal(/** @type {Row[]} */ ([]));
  }

  /** @param {string | undefined} error What the API refused. */
  view(error) {
    return html`<fieldset class="field metadata ${error ? 'wrong' : ''}"><legend class="label">${t('add.metadata')} <span class="muted">${t('form.optional')}</span></legend>
      ${repeat(this.rows.value, ({ id }) => id, (row) => this.row(row))}
      ${error ? html`<p class="error">${error}</p>` : null}
      <button type="button" class="quiet" @click=${() => this.add()}>${icon('add')}${t('add.metadata_more')}</button>
    </fieldset>`;
  }

  /** @param {Row} row */
  row({ id, name, kind, text, wrong }) {
    const put = (/** @type {Partial<Row>} */ change) => this.put(id, change);
    return html`<div class="metadata-row">
      <input aria-label=${t('add.metadata_name')} placeholder=${t('add.metadata_name')} id="metadata-${id}" spellcheck="false" autocomplete="off" aria-invalid=${Boolean(wrong)}
        .value=${live(name)} @input=${(/** @type {any} */ event) => put({ name: event.target.value })}>
      <select aria-label=${t('add.metadata_kind')} @change=${(/** @type {any} */ event) => put({ kind: event.target.value, text: event.target.value === 'boolean' ? 'true' : text })}>
        ${KINDS.map((one) => html`<option value=${one} .selected=${live(one === kind)}>${t(/** @type {const} */ (`kind.${one}`))}</option>`)}</select>
      ${kind === 'boolean'
        ? html`<select aria-label=${t('add.metadata_value')} @change=${(/** @type {any} */ event) => put({ text: event.target.value })}>
            ${/** @type {const} */ (['true', 'false']).map((one) => html`<option value=${one} .selected=${live(one === text)}>${t(/** @type {const} */ (`value.${one}`))}</option>`)}</select>`
        : html`<input aria-label=${t('add.metadata_value')} placeholder=${t('add.metadata_value')} spellcheck="false" autocomplete="off" aria-invalid=${Boolean(wrong)}
            .value=${live(text)} @input=${(/** @type {any} */ event) => put({ text: event.target.value })}>`}
      <button type="button" class="quiet icon-only" aria-label=${t('add.metadata_less', { name })} @click=${() => this.remove(id)}>${icon('close')}</button>
      ${wrong ? html`<p class="error">${wrong}</p>` : null}
    </div>`;
  }

  add() {
    const id = ++last;
    this.rows.value = [...this.rows.peek(), { id, name: '', kind: 'text', text: '' }];
    document.getElementById(`metadata-${id}`)?.focus();
  }

  /** @param {number} id */
  remove(id) {
    this.rows.value = this.rows.peek().filter((row) => row.id !== id);
  }

  /**
   * @param {number} id
   * @param {Partial<Row>} change
   */
  put(id, change) {
    this.rows.value = this.rows.peek().map(({ wrong: _, ...row }) => (row.id === id ? { ...row, ...change } : row));
  }

  /**
   * The rows as an object.
   * @returns {Record<string, unknown> | null} `null` if a row is wrong; then the row says so.
   */
  read() {
    /** @type {Map<string, unknown>} */
    const object = new Map();
    let isRight = true;
    this.rows.value = this.rows.peek().map(({ wrong: _, ...row }) => {
      if (!row.name.trim() && !row.text.trim()) return row;
      const wrong = !row.name.trim() ? t('add.metadata_nameless') : object.has(row.name.trim()) ? t('add.metadata_twice') : wrongValue(row);
      if (!wrong) object.set(row.name.trim(), valueOf(row));
      isRight &&= !wrong;
      return wrong ? { ...row, wrong } : row;
    });
    // `fromEntries` makes a member of `__proto__` too.
    return isRight ? Object.fromEntries(object) : null;
  }
}

/** @param {Row} row */
function valueOf({ kind, text }) {
  return kind === 'text' ? text : JSON.parse(text.trim());
}

/**
 * @param {Row} row
 * @returns {string | undefined}
 */
function wrongValue(row) {
  if (row.kind === 'text') return undefined;
  try {
    const value = valueOf(row);
    if (row.kind === 'number' && typeof value !== 'number') return t('add.metadata_number');
    return isExact(row.text) ? undefined : t('add.metadata_exact');
  } catch {
    return t(row.kind === 'number' ? 'add.metadata_number' : 'add.metadata_json');
  }
}

/**
 * A browser keeps fifteen digits of a number. What has more would be saved as another number.
 * @param {string} json
 */
function isExact(json) {
  const numbers = json.replace(/"(?:\\.|[^"\\])*"/g, '""').match(/[\d.]+/g) ?? [];
  return numbers.every((one) => one.replace('.', '').replace(/^0+/, '').length <= 15);
}
