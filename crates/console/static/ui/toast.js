// @ts-check
// Short news at the edge of the screen. A screen reader hears it; an action such as Undo stays for ten seconds.
import { html, repeat } from '../html.js';
import { signal } from '../state.js';
import { t } from '../text.js';
import { icon } from './icons.js';

/** @typedef {{ label: string, run: () => unknown }} ToastAction */
/** @typedef {{ id: number, text: string, tone: 'plain' | 'bad', action?: ToastAction }} Toast */

const shown = signal(/** @type {Toast[]} */ ([]));
let last = 0;

/**
 * @param {string} text
 * @param {{ action?: ToastAction, tone?: 'plain' | 'bad', seconds?: number }} [options]
 * @returns {() => void} Takes it away.
 */
export function toast(text, options = {}) {
  const id = ++last;
  const { action, tone = 'plain', seconds = action ? 10 : 6 } = options;
  shown.value = [...shown.peek().slice(-2), action ? { id, text, tone, action } : { id, text, tone }];
  const remove = () => {
    shown.value = shown.peek().filter((one) => one.id !== id);
  };
  // Whoever points at it or has the focus in it is still reading.
  const timer = setInterval(() => {
    if (document.querySelector(`[data-toast="${id}"]:is(:hover, :focus-within)`)) return;
    clearInterval(timer);
    remove();
  }, seconds * 1000);
  return remove;
}

/** Where they appear; the frame has it once. */
export function toasts() {
  const one = (/** @type {Toast} */ { id, text, tone, action }) => html`
    <div class="toast ${tone}" data-toast=${id}>
      <span>${text}</span>
      ${action ? html`<button type="button" class="link" @click=${() => run(id, action)}>${action.label}</button>` : null}
      <button type="button" class="quiet icon-only" aria-label=${t('action.dismiss')} @click=${() => drop(id)}>${icon('close')}</button>
    </div>`;
  return html`<div class="toasts" role="status" aria-live="polite">${repeat(shown.value, ({ id }) => id, one)}</div>`;
}

/** @param {number} id */
function drop(id) {
  shown.value = shown.peek().filter((one) => one.id !== id);
}

/**
 * @param {number} id
 * @param {ToastAction} action
 */
function run(id, action) {
  drop(id);
  action.run();
}
