// @ts-check
import { api } from '../../api.js';
import { html } from '../../html.js';
import { Problem } from '../../problem.js';
import { named, t } from '../../text.js';
import { Form } from '../../ui/form.js';
import { accept } from './accept.js';

/**
 * A code is on its way.
 * @param {import('./accept.js').Sent} sent
 * @param {import('../sign_in.js').Way} way
 * @returns {import('../sign_in.js').Step}
 */
export function codeStep(sent, way) {
  const form = new Form({ code: '' }, async ({ code }) => {
    try {
      const body = { challenge_id: sent.challenge_id, code };
      await accept((await api.post('/auth/verify', { body, anonymous: true, session: true })).body, way);
    } catch (error) {
      throw aboutCode(error, way);
    }
  });
  const text = t('sign_in.code_sent', { channel: named('channel', sent.channel), minutes: Math.ceil(sent.expires_in / 60) });
  return {
    title: t('sign_in.code_title'),
    view: () => html`<p>${text}</p>${form.view({
      fields: form.field('code', codeField()),
      action: t('sign_in.verify'),
      others: html`<button type="button" @click=${() => way.toStart()}>${t('action.back')}</button>`,
    })}`,
  };
}

/** @returns {import('../../ui/field.js').FieldOptions} */
export function codeField() {
  return { label: t('field.code'), inputmode: 'numeric', autocomplete: 'one-time-code', required: true };
}

/**
 * A wrong code in words: how many tries are left, or that it is spent. An inactive account goes to its own step.
 * @param {unknown} error
 * @param {import('../sign_in.js').Way} way
 */
export function aboutCode(error, way) {
  if (!(error instanceof Problem)) return error;
  if (error.code === 'account_inactive') way.toWaiting(t('sign_in.inactive_text'));
  if (error.code !== 'invalid_code') return error;
  const left = error.triesLeft;
  const text = left ? t('sign_in.tries', { tries: left }) : t('sign_in.code_spent');
  return new Problem(422, error.code, text, { errors: [{ pointer: '/code', code: error.code, detail: text }] }, error.retryAfter);
}
