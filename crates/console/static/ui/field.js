// @ts-check
import { html, live, nothing } from '../html.js';
import { sentence } from '../problem.js';
import { t } from '../text.js';

/**
 * @typedef {object} FieldOptions
 * @property {string} label
 * @property {'text' | 'email' | 'password' | 'tel' | 'search' | 'datetime-local' | 'date' | 'textarea'} [type]
 * @property {Array<[value: string, label: string]>} [choices] Makes it a select.
 * @property {string} [hint]
 * @property {boolean} [required] Others are marked as optional.
 * @property {AutoFill} [autocomplete]
 * @property {'numeric' | 'tel' | 'email'} [inputmode]
 * @property {number} [maxlength]
 * @property {boolean} [disabled]
 */

/**
 * A labelled input. What is wrong with it is read after its label.
 * @param {string} id
 * @param {string} name
 * @param {FieldOptions} options
 * @param {string} value
 * @param {string | undefined} error
 * @param {(value: string) => void} set
 */
export function fieldView(id, name, options, value, error, set) {
  const { label, hint, required } = options;
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return html`
    <div class="field ${error ? 'wrong' : ''}">
      <label class="label" for=${id}>${label}${required ? null : html` <span class="muted">${t('form.optional')}</span>`}</label>
      ${control(id, name, options, value, Boolean(error), described, set)}
      ${error ? html`<p class="error" id="${id}-error">${sentence(error)}</p>` : null}
      ${hint ? html`<p class="hint" id="${id}-hint">${hint}</p>` : null}
    </div>`;
}

/**
 * @param {string} id
 * @param {string} name
 * @param {FieldOptions} options
 * @param {string} value
 * @param {boolean} isWrong
 * @param {string} described
 * @param {(value: string) => void} set
 */
function control(id, name, options, value, isWrong, described, set) {
  const { type = 'text', choices, required = false, autocomplete, inputmode, maxlength, disabled = false } = options;
  const changed = (/** @type {any} */ event) => set(event.target.value);
  const about = described || nothing;
  if (choices) {
    return html`<select id=${id} name=${name} ?required=${required} ?disabled=${disabled} aria-invalid=${isWrong} aria-describedby=${about} @change=${changed}>
      ${choices.map(([choice, text]) => html`<option value=${choice} .selected=${live(choice === value)}>${text}</option>`)}</select>`;
  }
  if (type === 'textarea') {
    return html`<textarea id=${id} name=${name} rows="4" ?required=${required} ?disabled=${disabled} aria-invalid=${isWrong} aria-describedby=${about} .value=${live(value)} @input=${changed}></textarea>`;
  }
  const input = html`<input id=${id} name=${name} type=${type} ?required=${required} ?disabled=${disabled} autocomplete=${autocomplete ?? 'off'}
    inputmode=${inputmode ?? nothing} maxlength=${maxlength ?? nothing} spellcheck="false" autocapitalize=${type === 'text' ? nothing : 'none'}
    aria-invalid=${isWrong} aria-describedby=${about} .value=${live(value)} @input=${changed}>`;
  return type === 'password' ? html`<div class="with-button">${input}${reveal(id)}</div>` : input;
}

/** @param {string} id */
function reveal(id) {
  const toggle = (/** @type {any} */ event) => {
    const input = document.getElementById(id);
    if (!(input instanceof HTMLInputElement)) return;
    const shows = input.type === 'password';
    input.type = shows ? 'text' : 'password';
    event.target.textContent = t(shows ? 'form.hide' : 'form.show');
    event.target.setAttribute('aria-label', t(shows ? 'form.hide_password' : 'form.show_password'));
  };
  return html`<button type="button" class="quiet" aria-controls=${id} aria-label=${t('form.show_password')} @click=${toggle}>${t('form.show')}</button>`;
}
