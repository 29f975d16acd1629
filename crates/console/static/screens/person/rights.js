// @ts-check
// What the caller may do to a person, out of their permissions.
import { can, maySet, me, reach } from '../../session.js';

/** @typedef {import('../../session.js').User} User */

/** @param {User} user */
export function isMe(user) {
  return user.id === me()?.id;
}

/**
 * Whether the caller may set this field of this person. What a manager may set on staff, they may on themselves alone.
 * @param {User} user
 * @param {string} field
 */
export function mayChange(user, field) {
  if (user.role === 'customer') return maySet('customer', field);
  return maySet('staff', field) && (reach('update_staff') === 'all' || isMe(user));
}

/** @param {User} user */
export function mayReadEvents(user) {
  return reach('read_audit_events') === 'all' || (can('read_audit_events') && user.role === 'customer');
}

/** @param {User} user */
export function mayReadData(user) {
  return reach('read_personal_data') === 'all' || (can('read_personal_data') && isMe(user));
}
