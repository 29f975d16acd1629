// @ts-check
import { html, live } from '../../html.js';
import { query, setQuery } from '../../router.js';
import { t } from './text.js';

/** @typedef {Array<[value: string, label: string]>} Choices */

/** @returns {Choices} */
export function sorts() {
  return [['-created_at', t('people.newest')], ['created_at', t('people.oldest')], ['display_name', t('people.a_to_z')], ['-display_name', t('people.z_to_a')]];
}

/**
 * A chip with a few choices.
 * @param {string} name
 * @param {string} text
 * @param {Choices} choices
 * @param {string} [usual] Not in the URL.
 */
export function choice(name, text, choices, usual = '') {
  const value = query.value.get(name) ?? usual;
  const set = (/** @type {any} */ event) => setQuery({ [name]: event.target.value === usual ? null : event.target.value }, { push: true });
  return html`<label class="chip select ${value === usual ? '' : 'on'}"><span class="sr-only">${text}</span>
    <select @change=${set}>${choices.map(([one, what]) => html`<option value=${one} .selected=${live(one === value)}>${what}</option>`)}</select></label>`;
}
