// @ts-check
import { scheme } from '../../appearance.js';
import { html } from '../../html.js';
import { t } from '../person/text.js';

const SCHEMES = /** @type {const} */ (['system', 'light', 'dark']);

/** How the console looks in this browser. */
export function appearance() {
  return html`
    <section class="card">
      <h2 id="appearance">${t('me.appearance')}</h2>
      <p class="muted">${t('me.appearance_text')}</p>
      <div class="tabs" role="group" aria-labelledby="appearance">${SCHEMES.map((one) => html`
        <button type="button" aria-pressed=${scheme.value === one} @click=${() => (scheme.value = one)}>${t(`me.${one}`)}</button>`)}</div>
    </section>`;
}
