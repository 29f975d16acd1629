// @ts-check
import { grouped, nameOf } from '../../format.js';
import { html } from '../../html.js';
import { Problem } from '../../problem.js';
import { href } from '../../router.js';
import { maySet } from '../../session.js';
import { signal } from '../../state.js';
import { Form } from '../../ui/form.js';
import { icon } from '../../ui/icons.js';
import { pickPerson } from '../people/pick.js';
import { Notes } from '../person/notes.js';
import { notesView } from '../person/notes_view.js';
import { Another } from './another.js';
import { PhoneCheck } from './phone_check.js';
import { found, lacksCountry, rememberCountry } from './phones.js';
import { saving } from './saving.js';
import { t } from '../people/text.js';

/** @typedef {import('../../session.js').User} User */

/**
 * @param {import('../add.js').Done} done
 * @returns {import('../add.js').RoleForm}
 */
export function customerForm(done) {
  const [check, notes, save] = [new PhoneCheck(), new Notes({}), saving()];
  const manager = signal(/** @type {User | null} */ (null));
  const isActive = signal(true);
  const another = new Another();
  const form = new Form({ phone: '', display_name: '' }, async (values) => {
    if (!notes.check()) throw new Problem(422, 'validation_failed', t('form.check'));
    const phone = found(values.phone);
    const user = await save({
      role: 'customer',
      phone,
      display_name: values.display_name || null,
      ...(isActive.peek() ? {} : { is_active: false }),
      ...(manager.peek() ? { assigned_manager_id: manager.peek()?.id ?? null } : {}),
      ...(notes.filled.length > 0 ? { metadata: notes.object() } : {}),
    }).catch((error) => {
      if (error instanceof Problem) notes.refuse(error.errors);
      throw error;
    });
    rememberCountry(phone);
    done(user, 'add.added', another.isWanted);
  });
  form.shown.add('metadata');
  return {
    view: () => {
      check.follow(form.values.value.phone);
      return another.around(form.view({
        fields: html`
          ${form.field('phone', { label: t('field.phone'), type: 'tel', inputmode: 'tel', hint: t('add.phone_hint'), required: true })}
          ${told(check, form.values.value.phone)}
          ${form.field('display_name', { label: t('field.display_name'), maxlength: 120 })}
          ${maySet('customer', 'assigned_manager_id') ? managerField(manager) : null}
          ${notesView(notes)}
          ${maySet('customer', 'is_active') ? activeField(isActive) : null}`,
        action: t('add.save'),
        others: another.button(form),
      }));
    },
    close: () => check.close(),
  };
}

/**
 * What will be saved, and whether somebody has it.
 * @param {PhoneCheck} check
 * @param {string} typed
 */
function told(check, typed) {
  const verdict = check.verdict.value;
  const phone = found(typed);
  return html`<div class="told" role="status">${verdict.is === 'none' ? (lacksCountry(phone) ? html`<p class="muted">${t('add.no_country')}</p>` : null) : html`
    <p class="told-number"><span class="phone" dir="ltr">${grouped(phone)}</span>
      ${verdict.is === 'checking' ? html`<span class="muted">${t('add.checking')}</span>` : null}
      ${verdict.is === 'unknown' ? html`<span class="muted">${t('add.unknown')}</span>` : null}
      ${verdict.is === 'free' ? html`<span class="good">${icon('check')}${t('add.free')}</span>` : null}
      ${verdict.is === 'taken' ? html`<span class="bad">${icon('warning')}${t('add.taken')}</span>` : null}
      ${verdict.is === 'wrong' ? html`<span class="bad">${icon('warning')}${verdict.detail}</span>` : null}
      ${verdict.is === 'known' ? html`<span class="bad">${icon('warning')}${t('add.known')}</span>` : null}</p>
    ${verdict.is === 'known' ? html`<a class="button" href=${href(`people/${verdict.person.id}`)}><bdi>${t('add.open_known', { name: nameOf(verdict.person) })}</bdi></a>` : null}`}</div>`;
}

/** @param {import('../../types.js').Signal<User | null>} manager */
function managerField(manager) {
  const choose = async () => {
    const chosen = await pickPerson({ title: t('people.by_manager'), filters: { role: 'manager', is_active: true }, others: [['none', t('people.no_manager')]] });
    if (chosen !== undefined) manager.value = typeof chosen === 'string' ? null : chosen;
  };
  const who = manager.value;
  return html`<div class="field"><span class="label" id="add-manager">${t('people.by_manager')} <span class="muted">${t('form.optional')}</span></span>
    <button type="button" class="picker" aria-describedby="add-manager" aria-haspopup="dialog" @click=${choose}><bdi>${who ? nameOf(who) : t('people.no_manager')}</bdi>${icon('next')}</button></div>`;
}

/** @param {import('../../types.js').Signal<boolean>} isActive */
export function activeField(isActive) {
  return html`<label class="check add-active"><input type="checkbox" .checked=${isActive.value} @change=${(/** @type {any} */ event) => (isActive.value = event.target.checked)}> ${t('add.active')}</label>`;
}
