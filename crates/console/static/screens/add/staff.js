// @ts-check
import { html } from '../../html.js';
import { signal } from '../../state.js';
import { named } from '../../text.js';
import { Form } from '../../ui/form.js';
import { Another } from './another.js';
import { activeField } from './customer.js';
import { found } from './phones.js';
import { saving } from './saving.js';
import { t } from '../people/text.js';

/** @typedef {'email' | 'phone' | 'whatsapp'} Channel */

/**
 * @param {'manager' | 'admin'} role
 * @param {import('../add.js').Done} done
 * @returns {import('../add.js').RoleForm}
 */
export function staffForm(role, done) {
  const save = saving();
  const isInvited = signal(true);
  const isActive = signal(true);
  const another = new Another();
  const first = { email: '', display_name: '', phone: '', verification_method: 'email', tin_trunk_number: '', password: '' };
  const form = new Form(first, async (values) => {
    const user = await save({
      role,
      email: values.email,
      display_name: values.display_name || null,
      phone: values.phone.trim() ? found(values.phone) : null,
      verification_method: /** @type {Channel} */ (values.verification_method),
      tin_trunk_number: values.tin_trunk_number || null,
      ...(isInvited.peek() ? {} : { password: values.password }),
      ...(isActive.peek() ? {} : { is_active: false }),
    });
    done(user, isInvited.peek() ? 'add.invited' : 'add.added', another.isWanted);
  });
  return {
    view: () => another.around(form.view({
      fields: html`
        ${form.field('email', { label: t('field.email'), type: 'email', inputmode: 'email', required: true })}
        ${form.field('display_name', { label: t('field.display_name'), maxlength: 120 })}
        ${access(form, isInvited)}
        ${form.field('verification_method', { label: t('add.channel'), hint: t('add.channel_hint'), choices: channels(), required: true })}
        ${form.field('phone', { label: t('field.phone'), type: 'tel', inputmode: 'tel', required: form.values.value.verification_method !== 'email', hint: t('field.phone_hint') })}
        ${form.field('tin_trunk_number', { label: t('column.tin_trunk_number'), hint: t('add.tin_hint'), maxlength: 50 })}
        ${activeField(isActive)}`,
      action: t(isInvited.value ? 'add.invite' : 'add.save'),
      others: another.button(form),
    })),
    close: () => {},
  };
}

/** @returns {Array<[string, string]>} */
function channels() {
  return ['email', 'phone', 'whatsapp'].map((one) => [one, named('channel', one)]);
}

/**
 * How they come in for the first time.
 * @param {Form<any>} form
 * @param {import('../../types.js').Signal<boolean>} isInvited
 */
function access(form, isInvited) {
  const choice = (/** @type {boolean} */ value, /** @type {string} */ label, /** @type {string} */ text) => html`
    <label class="option"><input type="radio" name="access" .checked=${isInvited.value === value} @change=${() => (isInvited.value = value)}>
      <span class="grow"><span class="option-name">${label}</span><span class="muted small">${text}</span></span></label>`;
  return html`<fieldset class="field options"><legend class="label">${t('add.access')}</legend>
    ${choice(true, t('add.by_invitation'), t('add.by_invitation_text'))}
    ${choice(false, t('add.by_password'), t('add.by_password_text'))}
    ${isInvited.value ? null : form.field('password', { label: t('field.password'), type: 'password', autocomplete: 'new-password', hint: t('field.password_hint'), required: true })}
  </fieldset>`;
}
