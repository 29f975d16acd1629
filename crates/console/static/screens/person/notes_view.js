// @ts-check
import { html, live, nothing, repeat } from '../../html.js';
import { number, visible } from '../../format.js';
import { icon } from '../../ui/icons.js';
import { sentence } from '../../problem.js';
import { MAX_BYTES } from './notes.js';
import { unmasked } from './shown.js';
import { t } from './text.js';

/** @typedef {import('./notes.js').Row} Row */
/** @typedef {import('./notes.js').Notes} Notes */

/**
 * The rows to edit, and how much of the room is used.
 * @param {Notes} notes
 */
export function notesView(notes) {
  const { bytes } = notes;
  const add = () => {
    const id = notes.add();
    requestAnimationFrame(() => document.getElementById(`note-${id}-name`)?.focus());
  };
  return html`
    <fieldset class="notes">
      <legend>${t('details.notes')}</legend>
      ${repeat(notes.rows.value, ({ id }) => id, (row) => rowView(notes, row))}
      ${notes.rows.value.some(({ kind }) => kind === 'json') ? html`<p class="hint" id="notes-hint">${t('notes.hint')}</p>` : null}
      <div class="notes-foot">
        <button type="button" @click=${add}>${icon('add')}${t('notes.add')}</button>
        <span class="muted">${t('notes.used', { used: number(Math.round((bytes / 1024) * 10) / 10) })}</span>
      </div>
      ${bytes > MAX_BYTES && !notes.problem.value ? html`<p class="error">${t('notes.too_long', { used: number(bytes) })}</p>` : null}
      ${notes.problem.value ? html`<p class="error" role="alert">${sentence(notes.problem.value)}</p>` : null}
    </fieldset>`;
}

/**
 * @param {Notes} notes
 * @param {Row} row
 */
function rowView(notes, { id, name, text, kind }) {
  const error = notes.errors.value[id];
  const hidden = unmasked(name) ?? unmasked(text);
  const at = `note-${id}`;
  const about = error ? `${at}-error` : kind === 'json' ? 'notes-hint' : nothing;
  const set = (/** @type {'name' | 'text' | 'kind'} */ part) => (/** @type {any} */ event) => notes.set(id, { [part]: event.target.value });
  return html`
    <div class="note-row ${error ? 'wrong' : ''}">
      <input id="${at}-name" class="note-name" aria-label=${t('notes.name')} placeholder=${t('notes.name')} autocomplete="off" spellcheck="false"
        aria-invalid=${Boolean(error)} aria-describedby=${about} .value=${live(name)} @input=${set('name')}>
      <select class="note-kind" aria-label=${t('notes.kind')} @change=${set('kind')}>
        <option value="text" .selected=${live(kind === 'text')}>${t('notes.text')}</option>
        <option value="json" .selected=${live(kind === 'json')}>${t('notes.json')}</option>
      </select>
      <textarea class="note-value ${kind}" rows="1" aria-label=${t('notes.value')} spellcheck=${kind === 'text' ? 'true' : 'false'} dir=${kind === 'text' ? 'auto' : 'ltr'}
        aria-invalid=${Boolean(error)} aria-describedby=${about} .value=${live(text)} @input=${set('text')}></textarea>
      <button type="button" class="quiet icon-only" aria-label=${t('notes.remove', { name: visible(name) })} @click=${() => notes.remove(id)}>${icon('trash')}</button>
      ${error ? html`<p class="error" id="${at}-error">${sentence(error)}</p>` : null}
      ${hidden ? html`<p class="hint">${hidden}</p>` : null}
    </div>`;
}
