// @ts-check
import { api } from '../api.js';
import { html } from '../html.js';
import { me } from '../session.js';
import { t } from '../text.js';
import { openDialog } from './dialog.js';
import { Form } from './form.js';

/** @type {Promise<boolean> | null} */
let asking = null;

/**
 * Asks for the password again; calls at once share one dialog.
 * @returns {Promise<boolean>} Whether it was right.
 */
export function askAgain() {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

async function ask() {
  /** @type {(result?: boolean) => void} */
  let done = () => {};
  const form = new Form({ password: '' }, async (body) => {
    await api.post('/auth/reauthenticate', { body });
    done(true);
  });
  const user = me();
  const view = (/** @type {(result?: boolean) => void} */ close) => {
    done = close;
    const fields = html`
      <p>${t('reauth.text')}</p>
      <input class="sr-only" type="email" autocomplete="username" tabindex="-1" aria-hidden="true" readonly .value=${user && 'email' in user ? user.email : ''}>
      ${form.field('password', { label: t('field.password'), type: 'password', autocomplete: 'current-password', required: true })}`;
    return form.view({ fields, action: t('reauth.action'), others: html`<button type="button" @click=${() => close(false)}>${t('action.cancel')}</button>` });
  };
  return (await openDialog({ title: t('reauth.title'), view })) ?? false;
}
