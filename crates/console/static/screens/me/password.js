// @ts-check
import { api } from '../../api.js';
import { html } from '../../html.js';
import { Problem } from '../../problem.js';
import { me } from '../../session.js';
import { t as common } from '../../text.js';
import { Form } from '../../ui/form.js';
import { toast } from '../../ui/toast.js';
import { t } from '../person/text.js';

/** Changes one's own password. */
export function password() {
  const form = new Form({ current_password: '', new_password: '' }, async (body) => {
    try {
      await api.post('/auth/password/change', { body });
    } catch (error) {
      throw atField(Problem.from(error));
    }
    form.values.value = { current_password: '', new_password: '' };
    toast(t('me.password_changed'));
  });
  return {
    view: () => {
      const user = me();
      return html`
        <section class="card">
          <h2>${t('me.password')}</h2>
          <p class="muted">${t('me.password_text')}</p>
          ${form.view({
            fields: html`
              <input class="sr-only" type="email" autocomplete="username" tabindex="-1" aria-hidden="true" readonly .value=${user && 'email' in user ? user.email : ''}>
              ${form.field('current_password', { label: t('me.current_password'), type: 'password', autocomplete: 'current-password', required: true })}
              ${form.field('new_password', { label: common('field.new_password'), type: 'password', autocomplete: 'new-password', hint: common('field.password_hint'), required: true })}`,
            action: t('me.change_password'),
          })}
        </section>`;
    },
  };
}

/** @param {Problem} problem */
function atField(problem) {
  if (problem.code !== 'invalid_credentials') return problem;
  const detail = t('me.wrong_password');
  return new Problem(problem.status, problem.code, detail, { errors: [{ pointer: '/current_password', code: problem.code, detail }] }, problem.retryAfter);
}
