// @ts-check
// What a list of people shows about each. The choice is kept in this browser.
import { PLACE } from '../../base.js';
import { grouped, time, words } from '../../format.js';
import { html } from '../../html.js';
import { signal } from '../../state.js';
import { named } from '../../text.js';
import { nameById } from './names.js';
import { t } from './text.js';

/** @typedef {import('../../session.js').User} User */

const KEPT = `${PLACE} columns`;

/** @type {Record<string, (person: User) => unknown>} */
const VALUES = {
  role: (person) => named('role', person.role),
  contact: (person) => contact(person),
  assigned_manager_id: (person) => who('assigned_manager_id' in person ? person.assigned_manager_id : null),
  created_at: (person) => time(person.created_at),
  updated_at: (person) => time(person.updated_at),
  created_by: (person) => who('created_by' in person ? person.created_by : null),
  verified_at: (person) => (person.verified_at ? time(person.verified_at) : html`<span class="muted">${t('people.not_proven')}</span>`),
  verification_method: (person) => ('verification_method' in person ? named('channel', person.verification_method) : words(null)),
  tin_trunk_number: (person) => words('tin_trunk_number' in person ? person.tin_trunk_number : null),
};

/** All columns, in their order. Name and status are always there. */
export const ALL = Object.keys(VALUES);
export const AT_FIRST = ['role', 'contact', 'assigned_manager_id', 'created_at'];

/** The columns that are shown. */
export const columns = signal(kept());

function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? 'null');
    return Array.isArray(found) ? ALL.filter((name) => found.includes(name)) : AT_FIRST;
  } catch {
    return AT_FIRST;
  }
}

/** @param {string[]} names */
export function keep(names) {
  columns.value = names;
  try {
    localStorage.setItem(KEPT, JSON.stringify(names));
  } catch {
    // A browser that stores nothing shows the columns until the reload.
  }
}

/** @param {string} name */
export function label(name) {
  return t(/** @type {import('./text.js').OwnKey} */ (`column.${name}`));
}

/**
 * @param {string} name
 * @param {User} person
 */
export function value(name, person) {
  return VALUES[name]?.(person);
}

/**
 * A phone that is copied as E.164 and calls nobody by mistake.
 * @param {string | null | undefined} phone
 */
export function plainPhone(phone) {
  return phone ? html`<span class="phone" data-phone=${phone} dir="ltr">${grouped(phone)}</span>` : words(null);
}

/** @param {User} person */
function contact(person) {
  if (!('email' in person)) return plainPhone(person.phone);
  return html`<div class="contact">${words(person.email)}${person.phone ? plainPhone(person.phone) : null}</div>`;
}

/** @param {string | null | undefined} id */
function who(id) {
  return id ? html`<bdi class="words">${nameById(id)}</bdi>` : words(null);
}
