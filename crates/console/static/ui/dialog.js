// @ts-check
// Dialogs of the browser itself: they keep the focus inside and give it back.
import { html } from '../html.js';
import { session } from '../session.js';
import { effect, mount, signal } from '../state.js';
import { t } from '../text.js';
import { icon } from './icons.js';

let last = 0;

/**
 * Opens a dialog.
 * @template T
 * @param {{ title: string, view: (close: (result?: T) => void) => unknown, wide?: boolean }} options
 * @returns {Promise<T | undefined>} What `close` was called with; `undefined` if it was dismissed.
 */
export function openDialog({ title, view, wide = false }) {
  const dialog = document.createElement('dialog');
  const id = `dialog-${++last}`;
  dialog.setAttribute('aria-labelledby', id);
  dialog.classList.toggle('wide', wide);
  document.body.append(dialog);
  /** @type {T | undefined} */
  let outcome;
  const close = (/** @type {T | undefined} */ result) => {
    outcome = result;
    dialog.close();
  };
  const stop = mount(dialog, () => html`
    <header class="dialog-head">
      <h2 id=${id}>${title}</h2>
      <button type="button" class="quiet icon-only" aria-label=${t('action.close')} @click=${() => close(undefined)}>${icon('close')}</button>
    </header>
    <div class="dialog-body">${view(close)}</div>`);
  // When the session ends, nothing stands in front of the way in.
  const unwatch = effect(() => {
    if (session.value.state === 'anonymous' && dialog.open) dialog.close();
  });
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      stop();
      unwatch();
      dialog.remove();
      resolve(outcome);
    });
    dialog.showModal();
    dialog.querySelector(/** @type {'input'} */ ('.dialog-body :is(input, select, textarea, button)'))?.focus();
  });
}

/**
 * Asks before something is done.
 * @param {{ title: string, text: unknown, action: string, danger?: boolean, typed?: string, typedLabel?: string }} options
 *   With `typed`, the action needs this text typed first.
 * @returns {Promise<boolean>}
 */
export async function confirmDialog({ title, text, action, danger = false, typed, typedLabel = '' }) {
  const given = signal('');
  const view = (/** @type {(result?: boolean) => void} */ close) => html`
    <form @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      close(true);
    }}>
      <div class="prose">${text}</div>
      ${typed === undefined ? null : html`
        <label class="field"><span class="label">${typedLabel}</span>
          <input autocomplete="off" spellcheck="false" .value=${given.value} @input=${(/** @type {any} */ event) => (given.value = event.target.value)}>
        </label>`}
      <div class="actions">
        <button type="submit" class=${danger ? 'danger' : 'primary'} ?disabled=${typed !== undefined && given.value.trim() !== typed}>${action}</button>
        <button type="button" @click=${() => close(false)}>${t('action.cancel')}</button>
      </div>
    </form>`;
  return (await openDialog({ title, view })) ?? false;
}
