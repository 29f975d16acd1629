// @ts-check
// The first minute: the link that the program prints while it has no admin leads here.
import { api } from '../api.js';
import { html } from '../html.js';
import { Problem } from '../problem.js';
import { begin } from '../session.js';
import { t } from '../text.js';
import { Form } from '../ui/form.js';
import { newPasswordField } from './sign_in/password.js';

/**
 * @param {string} token
 * @param {() => void} toSignIn
 * @returns {import('../ui/frame.js').Gate}
 */
export function open(token, toSignIn) {
  const form = new Form({ display_name: '', email: '', password: '' }, async ({ display_name, ...rest }) => {
    const body = { ...rest, display_name: display_name || null, setup_token: token };
    try {
      const answer = (await api.post('/auth/signup', { body, anonymous: true, session: true })).body;
      if (answer.status === 'signed_in') await begin(answer);
    } catch (error) {
      const isSpent = error instanceof Problem && error.code === 'invalid_setup_token';
      throw isSpent ? new Problem(401, error.code, t('setup.spent')) : error;
    }
  });
  return {
    view: () => {
      document.title = `${t('setup.title')} · ${t('app.name')}`;
      return html`
        <h1 tabindex="-1">${t('setup.title')}</h1>
        <p>${t('setup.text')}</p>
        ${form.view({
          fields: html`
            ${form.field('display_name', { label: t('field.display_name'), autocomplete: 'name', maxlength: 120 })}
            ${form.field('email', { label: t('field.email'), type: 'email', inputmode: 'email', autocomplete: 'username', required: true })}
            ${form.field('password', { ...newPasswordField(), label: t('field.password') })}`,
          action: t('setup.action'),
          others: html`<button type="button" class="link" @click=${toSignIn}>${t('sign_in.title')}</button>`,
        })}`;
    },
  };
}
