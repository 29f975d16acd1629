// @ts-check
import { html } from '../../html.js';
import { openDialog } from '../../ui/dialog.js';
import { ALL, AT_FIRST, columns, keep, label } from './columns.js';
import { t } from './text.js';

/** Lets the reader choose the columns. */
export function chooseColumns() {
  const toggle = (/** @type {string} */ name) => {
    const chosen = columns.peek();
    keep(ALL.filter((one) => (one === name ? !chosen.includes(one) : chosen.includes(one))));
  };
  return openDialog({
    title: t('people.columns'),
    view: (close) => html`
      <p class="muted">${t('people.columns_text')}</p>
      <div class="checks">${ALL.map((name) => html`<label class="check"><input type="checkbox" .checked=${columns.value.includes(name)} @change=${() => toggle(name)}> ${label(name)}</label>`)}</div>
      <div class="actions">
        <button type="button" class="primary" @click=${() => close()}>${t('people.columns_done')}</button>
        <button type="button" class="link" @click=${() => keep(AT_FIRST)}>${t('people.columns_reset')}</button>
      </div>`,
  });
}
