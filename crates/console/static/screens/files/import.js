// @ts-check
// What the reader sees of an import, step by step.
import { html, live } from '../../html.js';
import { signal } from '../../state.js';
import { visible } from '../../format.js';
import { href } from '../../router.js';
import { t as everywhere } from '../../text.js';
import { icon } from '../../ui/icons.js';
import { notice, problemNotice } from '../../ui/notice.js';
import { t } from './text.js';
import { hasBadHeader, lines, totals } from './lines.js';
import { save } from './save.js';
import { correctedName, wrongLines } from './wrong.js';

/** @typedef {import('./check.js').ImportFile} ImportFile */

const isOver = signal(false);

/** @param {ImportFile} file */
export function importCard(file) {
  const stage = file.stage.value;
  const problem = file.problem.value;
  const isBusy = stage.is === 'busy';
  return html`
    <section class="card" aria-labelledby="import-title">
      <h2 id="import-title">${icon('upload')}${t('in.title')}</h2>
      <p class="muted">${t('in.text')}</p>
      ${isBusy ? null : chooser(file)}
      ${problem ? problemNotice(problem, problem.code === 'file' || stage.is === 'empty' && file.content.size === 0 ? undefined : () => void file.check()) : null}
      <div role="status">${stage.is === 'busy' ? busy(stage, file) : null}${stage.is === 'done' ? done(stage.found, file) : null}</div>
      ${stage.is === 'checked' ? checked(stage.found, file) : null}
    </section>`;
}

/** @param {ImportFile} file */
function chooser(file) {
  const take = (/** @type {FileList | null | undefined} */ files) => {
    isOver.value = false;
    const [first] = files ?? [];
    if (first) void file.take(first);
  };
  const over = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    isOver.value = true;
  };
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    take(event.dataTransfer?.files);
  };
  const chosen = (/** @type {any} */ event) => {
    take(event.target.files);
    // The same file can be chosen again.
    event.target.value = '';
  };
  const name = file.name.value;
  return html`
    <label class="drop ${isOver.value ? 'over' : ''}" @dragover=${over} @dragleave=${() => (isOver.value = false)} @drop=${drop}>
      <input class="sr-only" type="file" accept=".csv,text/csv" @change=${chosen}>
      ${icon('files')}<span><strong>${t(name ? 'in.other' : 'in.choose')}</strong> <span class="muted">${t('in.drop')}</span></span>
      ${name ? html`<bdi class="mono">${visible(name)}</bdi>` : null}
    </label>
    <div class="options">
      ${option(t('in.existing'), file.existing, [['skip', t('in.existing.skip')], ['update', t('in.existing.update')]], () => file.stage.peek().is === 'checked' && void file.check())}
      ${option(t('in.error'), file.onError, [['abort', t('in.error.abort')], ['skip', t('in.error.skip')]])}
    </div>`;
}

/**
 * @template {string} V
 * @param {string} label
 * @param {import('../../types.js').Signal<V>} chosen
 * @param {Array<[V, string]>} choices
 * @param {() => unknown} [changed]
 */
function option(label, chosen, choices, changed = () => {}) {
  const set = (/** @type {any} */ event) => {
    chosen.value = event.target.value;
    changed();
  };
  return html`<label class="field"><span class="label">${label}</span>
    <select @change=${set}>${choices.map(([value, text]) => html`<option value=${value} .selected=${live(chosen.value === value)}>${text}</option>`)}</select></label>`;
}

/**
 * @param {{ text: string, part?: number }} stage
 * @param {ImportFile} file
 */
function busy({ text, part = 0 }, file) {
  const bar = part < 1 ? html`<progress max="1" value=${part} aria-label=${text}></progress>` : html`<progress aria-label=${text}></progress>`;
  return html`<div class="busy"><p>${text}</p>${bar}
    <button type="button" @click=${() => file.aborter.abort()}>${everywhere('action.cancel')}</button></div>`;
}

/**
 * @param {import('./check.js').Imported} found
 * @param {ImportFile} file
 */
function checked(found, file) {
  const isGood = found.errors.length === 0;
  const writes = found.created + found.updated;
  const isEdited = file.corrections.value.size > 0;
  const again = html`<button type="button" class="primary" @click=${() => void file.check()}>${t('check.again')}</button>`;
  const all = html`<button type="button" class="primary" @click=${() => void file.go(file.onError.peek())}>${t('go.all')}</button>`;
  const good = html`<button type="button" @click=${() => void file.go('skip')}>${t('go.good')}</button>`;
  const action = isEdited ? again : isGood ? (writes > 0 ? all : null) : writes > 0 ? good : null;
  return html`
    ${totals(found)}
    ${isGood ? notice(t(writes > 0 ? 'check.good' : 'check.nothing'), 'good') : null}
    ${hasBadHeader(found) ? notice(t('check.wrong_header')) : null}
    ${!isGood && file.text === null ? notice(t('check.not_utf8')) : null}
    ${lines(found, file)}
    ${file.edited.value > 0 ? html`<p class="muted">${t('check.edited', { n: file.edited.value })}</p>` : null}
    <div class="actions">
      ${action}
      ${isGood || file.text === null ? null : html`<button type="button" @click=${() => save(wrongLines(file), 'wrong-lines.csv')}>${icon('download')}${t('check.download_wrong')}</button>`}
      ${file.edited.value > 0 ? html`<button type="button" @click=${() => save(file.content, correctedName(file.name.value))}>${icon('download')}${t('check.download_corrected')}</button>` : null}
    </div>`;
}

/**
 * @param {import('./check.js').Imported} found
 * @param {ImportFile} file
 */
function done(found, file) {
  return html`
    ${notice(t(found.errors.length > 0 ? 'done.some' : 'done.title'), found.errors.length > 0 ? 'plain' : 'good')}
    ${totals(found)}
    ${lines(found, file)}
    <div class="actions">
      <a class="button primary" href=${href('')}>${t('done.see')}</a>
      ${found.errors.length > 0 && file.text !== null ? html`<button type="button" @click=${() => save(wrongLines(file), 'wrong-lines.csv')}>${icon('download')}${t('check.download_wrong')}</button>` : null}
    </div>`;
}
