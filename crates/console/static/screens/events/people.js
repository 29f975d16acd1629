// @ts-check
// The people in a sentence about an event.
import { nameOf } from '../../format.js';
import { html } from '../../html.js';
import { href } from '../../router.js';
import { can, me, reach } from '../../session.js';
import { find } from './names.js';
import { has, t } from './text.js';

/** @typedef {import('../../types.js').components['schemas']['AuditEvent']} AuditEvent */

/**
 * A person by id, as a link if the reader may open them.
 * @param {string} id
 * @param {string} [role] The role that they had, or `colleague`, for a reader who may not see them.
 * @param {string} [here] Whose page this is.
 */
export function person(id, role, here) {
  const found = find(id, role);
  if (found.is === 'known' && id === here) return html`<bdi>${nameOf(found.user) || id}</bdi>`;
  if (found.is === 'known') return html`<a class="person" href=${href(`people/${id}`)}><bdi>${nameOf(found.user) || id}</bdi></a>`;
  return html`<span class="muted" title=${id}>${unknown(found.is, role)}</span>`;
}

/**
 * @param {'asked' | 'gone' | 'failed'} is
 * @param {string | undefined} role
 */
function unknown(is, role) {
  if (is === 'asked') return t('person.looking');
  const seesAll = can('read_user') && reach('read_user') === 'all';
  if (is === 'gone' && seesAll) return t('person.erased');
  const key = `actor.${role}`;
  return role && has(key) ? t(key) : t('person.unknown');
}

/**
 * Who did it.
 * @param {AuditEvent} event
 */
export function actor({ actor_id, actor_role }) {
  if (actor_id && actor_id === me()?.id) return t('actor.you');
  if (actor_id) return person(actor_id, actor_role);
  const key = `actor.${actor_role}`;
  return has(key) ? t(key) : actor_role;
}

/**
 * To whom it was done.
 * @param {AuditEvent} event
 * @param {string} [here] Whose page this is: a link to it leads nowhere.
 */
export function subject({ actor_id, subject_id }, here) {
  if (!subject_id) return t('person.nobody');
  if (subject_id === actor_id) return t('person.they');
  return subject_id === me()?.id ? t('person.you') : person(subject_id, undefined, here);
}
