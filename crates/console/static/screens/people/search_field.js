// @ts-check
import { html, live } from '../../html.js';
import { icon } from '../../ui/icons.js';

/** Milliseconds without a key before a search begins. */
const PAUSE = 200;

/**
 * A field whose text counts after a pause. A key only starts a timer, so typing does not wait for the list, and nothing
 * writes to the field meanwhile.
 */
export class SearchField {
  /**
   * @param {string} label
   * @param {(text: string) => void} changed
   */
  constructor(label, changed) {
    this.label = label;
    this.changed = changed;
    this.typed = '';
    this.told = '';
    this.timer = 0;
  }

  /** @param {string} text What is searched for now; it may come from a link or from the back button. */
  view(text) {
    if (text !== this.told) this.typed = this.told = text;
    return html`<label class="search">${icon('search')}<span class="sr-only">${this.label}</span>
      <input type="search" data-search maxlength="254" autocomplete="off" spellcheck="false" autocapitalize="none" enterkeyhint="search"
        placeholder=${this.label} .value=${live(this.typed)} @input=${(/** @type {any} */ event) => this.type(event.target.value)}
        @keydown=${(/** @type {KeyboardEvent} */ event) => this.press(event)}></label>`;
  }

  /** @param {string} text */
  type(text) {
    this.typed = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), PAUSE);
  }

  /** @param {KeyboardEvent} event Enter searches at once; the arrow leads to the first row. */
  press(event) {
    if (event.key === 'Enter' && !event.isComposing) {
      event.preventDefault();
      this.tell();
    }
    if (event.key !== 'ArrowDown') return;
    /** @type {HTMLElement | null} */
    const row = (event.target instanceof Element ? (event.target.closest('dialog') ?? document) : document).querySelector('[data-row]');
    if (row) event.preventDefault();
    row?.focus();
  }

  tell() {
    clearTimeout(this.timer);
    const text = this.typed.trim();
    if (text === this.told) return;
    this.told = text;
    this.changed(text);
  }

  /** The visitor leaves. */
  close() {
    clearTimeout(this.timer);
  }
}
