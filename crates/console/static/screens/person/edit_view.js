// @ts-check
import { html } from '../../html.js';
import { named, t as common } from '../../text.js';
import { person } from '../events/people.js';
import { pickPerson } from '../people/pick.js';
import { notesView } from './notes_view.js';
import { isMe } from './rights.js';
import { label, unmasked } from './shown.js';
import { has, t } from './text.js';

/** @typedef {import('./edit.js').Edit} Edit */

/**
 * The form in the place of the card.
 * @param {Edit} edit
 * @param {() => void} cancel
 */
export function editView(edit, cancel) {
  const { form, fields, notes } = edit;
  const cancelled = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Escape' && edit.wanted().size === 0) cancel();
  };
  return html`<div class="person-form" @keydown=${cancelled}><h2>${t('details.contact')}</h2>${form.view({
    fields: html`<div class="person-fields">${fields.map((field) => (field === 'assigned_manager_id' ? manager(edit) : one(edit, field)))}</div>${notes ? notesView(notes) : null}`,
    action: common('action.save'),
    others: html`<button type="button" @click=${cancel}>${common('action.cancel')}</button>`,
  })}</div>`;
}

/**
 * @param {Edit} edit
 * @param {string} field
 */
function one({ form, base, first }, field) {
  /** @type {import('../../ui/field.js').FieldOptions} */
  const options = { label: label(field) };
  const isChanged = form.values.value[field] !== first[field];
  const hint = `hint.${field}`;
  const hidden = unmasked(form.values.value[field] ?? '');
  if (has(hint)) options.hint = t(hint);
  if (field === 'display_name') options.maxlength = 120;
  if (field === 'tin_trunk_number') options.maxlength = 50;
  if (field === 'email') Object.assign(options, { type: 'email', inputmode: 'email', required: true });
  if (field === 'phone') Object.assign(options, { type: 'tel', inputmode: 'tel', required: base.user.role === 'customer', hint: common('field.phone_hint') });
  if (field === 'verification_method') options.choices = ['email', 'whatsapp', 'phone'].map((value) => [value, named('channel', value)]);
  if (isChanged && (field === 'email' || field === 'phone')) options.hint = t(isMe(base.user) ? 'details.ends_own' : 'details.ends_sessions');
  if (field === 'verification_method') options.required = true;
  if (hidden) options.hint = hidden;
  return form.field(field, options);
}

/** @param {Edit} edit */
function manager({ form }) {
  const id = form.values.value.assigned_manager_id ?? '';
  const error = form.errors.value.assigned_manager_id;
  form.shown.add('assigned_manager_id');
  const choose = async () => {
    const chosen = await pickPerson({ title: t('manager.title'), filters: { role: 'manager', is_active: true }, others: [['', t('details.clear')]] });
    if (chosen !== undefined) form.set('assigned_manager_id', typeof chosen === 'string' ? '' : chosen.id);
  };
  return html`
    <div class="field">
      <span class="label" id="manager-label">${label('assigned_manager_id')} <span class="muted">${common('form.optional')}</span></span>
      <div class="chosen-manager"><span class="grow">${id ? person(id) : html`<span class="muted">${t('value.nobody')}</span>`}</span>
        <button type="button" name="assigned_manager_id" aria-describedby="manager-label" aria-invalid=${Boolean(error)} @click=${choose}>${t('details.choose')}</button></div>
      ${error ? html`<p class="error">${error}</p>` : null}
    </div>`;
}
