// @ts-check
// What a key may be made for: the caller's own rights, as far as keys have them.
import { can } from '../../session.js';
import { t } from './text.js';

/** @typedef {import('../../types.js').components['schemas']['CreateApiKey']['scopes'][number]} Scope */

/** @type {Scope[]} */
const ALL = ['list_users', 'list_managed_customers', 'read_user', 'create_customer', 'update_customer', 'assign_customer', 'import_and_export',
  'read_audit_events', 'read_personal_data', 'create_manager', 'create_admin', 'update_staff', 'erase_user', 'introspect'];
/** @type {Scope[]} */
const STRONG = ['create_admin', 'update_staff', 'erase_user'];

/** @returns {Scope[]} */
export function ownScopes() {
  return ALL.filter(can);
}

/** @param {Scope} scope */
export function scopeName(scope) {
  return t(`scope.${scope}`);
}

/**
 * Whether one should think twice before giving it. A manager changes nobody of the staff but themselves.
 * @param {Scope} scope
 */
export function isStrong(scope) {
  return STRONG.includes(scope) && can('create_admin');
}
