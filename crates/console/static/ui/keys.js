// @ts-check
// Keys that work everywhere. Screens take part with attributes: `data-search` on the search field, `data-row` on what
// `j` and `k` go through (a link or a button), `data-edit` on what `e` presses.
import { PLACE } from '../base.js';
import { html } from '../html.js';
import { signal } from '../state.js';
import { t } from '../text.js';

const OFF = `${PLACE} keys off`;
const isOff = signal(localStorage.getItem(OFF) !== null);

/** @type {Record<string, () => unknown>} */
const KEYS = {
  '/': () => find('[data-search]')?.focus(),
  j: () => step(1),
  k: () => step(-1),
  e: () => (within('[data-edit]') ?? find('main [data-edit]'))?.click(),
  '?': () => void help(),
};

export function listenToKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector('dialog[open]') || isTyping(event.target)) return;
    const run = KEYS[event.key];
    if (!run || (isOff.peek() && event.key !== '?')) return;
    event.preventDefault();
    run();
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input:not([type=checkbox], [type=radio]), select, textarea'));
}

/**
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
function find(selector) {
  return document.querySelector(selector);
}

/**
 * What `e` presses in the row that has the focus.
 * @param {string} selector
 * @returns {HTMLElement | null | undefined}
 */
function within(selector) {
  return document.activeElement?.closest('li, tr, [role="listitem"], [data-row]')?.querySelector(selector);
}

/** @param {1 | -1} by */
function step(by) {
  const rows = [...document.querySelectorAll('[data-row]')];
  const at = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by];
  if (next instanceof HTMLElement) next.focus();
}

/** Shows the keys, and lets somebody who speaks to the computer switch them off (WCAG 2.1.4). */
async function help() {
  const { openDialog } = await import('./dialog.js');
  const toggle = (/** @type {any} */ event) => {
    isOff.value = !event.target.checked;
    if (isOff.value) localStorage.setItem(OFF, '1');
    else localStorage.removeItem(OFF);
  };
  const rows = /** @type {const} */ ([['/', 'keys.search'], ['j', 'keys.next'], ['k', 'keys.previous'], ['Enter', 'keys.open'], ['e', 'keys.edit'], ['?', 'keys.help']]);
  return openDialog({
    title: t('keys.title'),
    view: () => html`
      <dl class="keys">${rows.map(([key, text]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${t(text)}</dd></div>`)}</dl>
      <label class="check"><input type="checkbox" .checked=${!isOff.value} @change=${toggle}> ${t('keys.enabled')}</label>`,
  });
}
