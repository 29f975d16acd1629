// @ts-check
// A forgotten password, and the first password of somebody who was invited.
import { api } from '../../api.js';
import { html } from '../../html.js';
import { named, t } from '../../text.js';
import { Form } from '../../ui/form.js';
import { aboutCode, codeField } from './code.js';

/** @typedef {import('../sign_in.js').Way} Way */
/** @typedef {import('../sign_in.js').Step} Step */

/** @returns {import('../../ui/field.js').FieldOptions} */
export function newPasswordField() {
  return { label: t('field.new_password'), type: 'password', autocomplete: 'new-password', hint: t('field.password_hint'), required: true };
}

/** @param {Way} way */
const back = (way) => html`<button type="button" @click=${() => way.toStart()}>${t('action.back')}</button>`;

/**
 * @param {string} email
 * @param {Way} way
 * @returns {Step}
 */
export function forgotStep(email, way) {
  const form = new Form({ email }, async (body) => {
    const sent = (await api.post('/auth/password/forgot', { body, anonymous: true })).body;
    const minutes = Math.ceil(sent.expires_in / 60);
    await way.toReset(sent.challenge_id, t('sign_in.code_sent', { channel: named('channel', sent.channel), minutes }));
  });
  return {
    title: t('sign_in.forgot_title'),
    view: () => html`<p>${t('sign_in.forgot_text')}</p>${form.view({
      fields: form.field('email', { label: t('field.email'), type: 'email', inputmode: 'email', autocomplete: 'username', required: true }),
      action: t('sign_in.send_code'),
      others: back(way),
    })}`,
  };
}

/**
 * @param {string} challenge
 * @param {string} text
 * @param {Way} way
 * @returns {Step}
 */
export function resetStep(challenge, text, way) {
  const form = new Form({ code: '', new_password: '' }, (values) => reset({ challenge_id: challenge, ...values }, way));
  return {
    title: t('sign_in.reset_title'),
    view: () => html`<p>${text}</p>${form.view({
      fields: html`${form.field('code', codeField())}${form.field('new_password', newPasswordField())}`,
      action: t('sign_in.reset_action'),
      others: back(way),
    })}`,
  };
}

/**
 * @param {Way} way
 * @returns {Step}
 */
export function invitationStep(way) {
  const form = new Form({ challenge_id: '', code: '', new_password: '' }, (values) =>
    reset({ ...values, challenge_id: values.challenge_id.trim().replace(/\.$/, '') }, way));
  const challenge = { label: t('sign_in.challenge'), hint: t('sign_in.challenge_hint'), required: true };
  return {
    title: t('sign_in.invitation_title'),
    view: () => html`<p>${t('sign_in.invitation_text')}</p>${form.view({
      fields: html`${form.field('challenge_id', challenge)}${form.field('code', codeField())}${form.field('new_password', newPasswordField())}`,
      action: t('sign_in.reset_action'),
      others: back(way),
    })}`,
  };
}

/**
 * @param {import('../../types.js').components['schemas']['PasswordReset']} body
 * @param {Way} way
 */
async function reset(body, way) {
  try {
    await api.post('/auth/password/reset', { body, anonymous: true });
  } catch (error) {
    throw aboutCode(error, way);
  }
  way.toStart(t('sign_in.reset_done'));
}
