// @ts-check
// Accounts that people make for themselves, as far as the policy of the server lets them.
import { api } from '../../api.js';
import { html } from '../../html.js';
import { Problem } from '../../problem.js';
import { signal } from '../../state.js';
import { t } from '../../text.js';
import { Form } from '../../ui/form.js';
import { accept } from './accept.js';
import { newPasswordField } from './password.js';

/** @typedef {import('../sign_in.js').Way} Way */

/**
 * @param {Way} way
 * @returns {import('../sign_in.js').Step}
 */
export function signUpStep(way) {
  const who = signal(/** @type {'staff' | 'customer'} */ ('staff'));
  const staff = new Form({ display_name: '', email: '', password: '' }, ({ display_name, ...rest }) =>
    signUp({ ...rest, display_name: display_name || null }, way));
  const customer = new Form({ display_name: '', phone: '' }, ({ display_name, phone }) =>
    signUp({ phone, display_name: display_name || null }, way));
  const back = html`<button type="button" @click=${() => way.toStart()}>${t('action.back')}</button>`;
  const tab = (/** @type {'staff' | 'customer'} */ value, /** @type {string} */ text) => html`
    <button type="button" aria-pressed=${who.value === value} @click=${() => (who.value = value)}>${text}</button>`;
  const name = { label: t('field.display_name'), autocomplete: /** @type {const} */ ('name'), maxlength: 120 };
  const staffForm = () => staff.view({
    fields: html`
      ${staff.field('display_name', name)}
      ${staff.field('email', { label: t('field.email'), type: 'email', inputmode: 'email', autocomplete: 'username', required: true })}
      ${staff.field('password', { ...newPasswordField(), label: t('field.password') })}`,
    action: t('sign_in.up_action'),
    others: back,
  });
  const customerForm = () => customer.view({
    fields: html`
      ${customer.field('display_name', name)}
      ${customer.field('phone', { label: t('field.phone'), type: 'tel', inputmode: 'tel', autocomplete: 'tel', hint: t('field.phone_hint'), required: true })}`,
    action: t('sign_in.send_code'),
    others: back,
  });
  return {
    title: t('sign_in.up_title'),
    view: () => html`
      <div class="tabs" role="group" aria-label=${t('sign_in.up_who')}>${tab('staff', t('sign_in.up_staff'))}${tab('customer', t('sign_in.up_customer'))}</div>
      <div ?hidden=${who.value !== 'staff'}>${staffForm()}</div>
      <div ?hidden=${who.value !== 'customer'}>${customerForm()}</div>`,
  };
}

/**
 * @param {import('../../types.js').components['schemas']['SignupRequest']} body
 * @param {Way} way
 */
async function signUp(body, way) {
  try {
    await accept((await api.post('/auth/signup', { body, anonymous: true, session: true })).body, way);
  } catch (error) {
    const isClosed = error instanceof Problem && error.code === 'signup_closed';
    throw isClosed ? new Problem(403, error.code, t('sign_in.up_closed')) : error;
  }
}
