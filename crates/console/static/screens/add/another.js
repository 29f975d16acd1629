// @ts-check
import { html } from '../../html.js';
import { t } from '../people/text.js';

/** Two buttons send a form: one of them begins the next person. */
export class Another {
  constructor() {
    /** Whether it was that one. */
    this.isWanted = false;
  }

  /** @param {{ isOff: boolean }} form */
  button({ isOff }) {
    return html`<button type="submit" data-another aria-disabled=${isOff}>${t('add.save_another')}</button>`;
  }

  /** @param {unknown} form */
  around(form) {
    return html`<div @click=${(/** @type {Event} */ event) => this.press(event)}>${form}</div>`;
  }

  /** @param {Event} event Enter in a field is a click on the first button that sends. */
  press(event) {
    const button = event.target instanceof Element ? event.target.closest('button[type="submit"]') : null;
    if (button) this.isWanted = button.hasAttribute('data-another');
  }
}
