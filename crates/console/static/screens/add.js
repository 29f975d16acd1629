// @ts-check
// Enters a person: a customer, or staff by an admin.
import { nameOf } from '../format.js';
import { html } from '../html.js';
import { href, navigate, query, setQuery } from '../router.js';
import { can, reach } from '../session.js';
import { signal } from '../state.js';
import { named } from '../text.js';
import { toast } from '../ui/toast.js';
import { customerForm } from './add/customer.js';
import { staffForm } from './add/staff.js';
import { t } from './people/text.js';

/** @typedef {import('../session.js').User} User */
/** @typedef {'customer' | 'manager' | 'admin'} Role */
/** @typedef {{ view: () => unknown, close: () => void }} RoleForm */
/** @typedef {(user: User, text: 'add.added' | 'add.invited', isAnother: boolean) => void} Done */

const ROLES = /** @type {const} */ (['customer', 'manager', 'admin']);

/** @returns {import('../screens.js').Screen} */
export function open() {
  const roles = ROLES.filter((role) => can(`create_${role}`));
  // One form for each role, so that changing the mind loses nothing.
  /** @type {Partial<Record<Role, RoleForm>>} */
  const forms = {};
  const added = signal(/** @type {User | null} */ (null));
  const list = reach('list_users') === 'all' ? 'people' : 'customers';
  /** @type {Done} */
  const done = (user, text, isAnother) => {
    toast(t(text, { name: nameOf(user) }), { action: { label: t('add.open'), run: () => navigate(`people/${user.id}`) } });
    if (!isAnother) return navigate(list);
    forms[role()]?.close();
    delete forms[role()];
    added.value = user;
    requestAnimationFrame(() => document.querySelector(/** @type {'input'} */ ('main form input'))?.focus());
  };
  const role = () => roles.find((one) => one === query.value.get('role')) ?? roles[0] ?? 'customer';
  const form = (/** @type {Role} */ of) => (forms[of] ??= of === 'customer' ? customerForm(done) : staffForm(of, done));
  return {
    title: () => t(/** @type {const} */ (`add.title_${role()}`)),
    view: () => {
      void added.value;
      return html`<div class="narrow">
        ${roles.length > 1 ? tabs(roles, role()) : null}
        <section class="card">${form(role()).view()}</section>
        <p><a class="button quiet" href=${href(list)}>${t('add.back')}</a></p>
      </div>`;
    },
    close: () => Object.values(forms).forEach((one) => one.close()),
  };
}

/**
 * @param {Role[]} roles
 * @param {Role} chosen
 */
function tabs(roles, chosen) {
  return html`<div class="tabs" role="group" aria-label=${t('people.role')}>${roles.map((role) => html`
    <button type="button" aria-pressed=${role === chosen} @click=${() => setQuery({ role })}>${named('role', role)}</button>`)}</div>`;
}
