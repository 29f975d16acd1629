// @ts-check
// An event of the audit trail as a sentence: “Mia changed the phone of Ana”.
import { time, visible } from '../../format.js';
import { html } from '../../html.js';
import { me } from '../../session.js';
import { named } from '../../text.js';
import { actor, person, subject } from './people.js';
import { has, t } from './text.js';
import { beforeAfter, changesOf, fieldName } from './values.js';

/** @typedef {import('../../types.js').components['schemas']['AuditEvent']} AuditEvent */

const NAMES_AT_MOST = 4;

/**
 * The sentence. People in it are links.
 * @param {AuditEvent} event
 * @param {string} [here] The person whose page this is.
 */
export function sentence(event, here) {
  const key = keyOf(event);
  return woven(has(key) ? key : 'other', {
    who: actor(event),
    whom: subject(event, here),
    manager: personIn(event, 'assigned_manager_id'),
    role: named('role', String(event.changes.role?.to ?? '')),
    fields: listed(fieldsOf(event).map((field) => t('field.the', { field }))),
    own: listed(fieldsOf(event)),
    name: html`<bdi>${visible(String(event.changes.name?.to ?? event.changes.name?.from ?? ''))}</bdi>`,
    action: event.action,
  }, counts(event));
}

/**
 * The sentence, when it was, from where, and each field before and after.
 * @param {AuditEvent} event
 * @param {string} [here] The person whose page this is.
 */
export function entry(event, here) {
  const changes = event.action.startsWith('users.') || event.action === 'user.data_read' ? [] : changesOf(event);
  return html`
    <p class="event-line">${sentence(event, here)}${event.key_id ? html` <span class="muted">${t('by.key')}</span>` : null}</p>
    ${changes.length === 0 ? null : html`<dl class="event-changes">${changes.map((change) => html`<div><dt>${fieldName(change.field)}</dt><dd>${beforeAfter(change)}</dd></div>`)}</dl>`}
    <p class="event-when muted">${time(event.at)}${event.address ? html` · <bdi>${t('by.address', { address: event.address })}</bdi>` : null}</p>`;
}

/**
 * Which sentence fits.
 * @param {AuditEvent} event
 * @returns {string}
 */
function keyOf({ action, changes, actor_id, subject_id }) {
  const isSelf = actor_id !== null && actor_id === subject_id;
  const reason = changes.reason?.to;
  switch (action) {
    case 'user.updated': {
      const names = Object.keys(changes).filter((name) => name !== 'verified_at');
      if (names.length === 1 && changes.is_active) return changes.is_active.to ? 'user.updated.activated' : 'user.updated.deactivated';
      if (names.length === 1 && changes.role) return 'user.updated.role';
      if (isSelf) return actor_id === me()?.id ? 'user.updated.me' : 'user.updated.self';
      return action;
    }
    case 'customer.assigned':
      return changes.assigned_manager_id?.to ? action : 'customer.assigned.nobody';
    case 'session.ended':
      if (reason === 'refresh_token_reused') return 'session.ended.reused';
      return isSelf ? 'session.ended.self' : action;
    case 'signin.failed':
      if (!subject_id) return 'signin.failed.nobody';
      return reason === 'wrong_code' ? 'signin.failed.code' : action;
    case 'users.imported':
      return changes.dry_run?.to === true ? 'users.imported.dry' : action;
    default:
      return action;
  }
}

/**
 * @param {AuditEvent} event
 * @param {string} field
 */
function personIn(event, field) {
  const id = event.changes[field]?.to;
  return typeof id === 'string' ? person(id, 'manager') : t('person.nobody');
}

/** @param {AuditEvent} event */
function fieldsOf(event) {
  const names = changesOf(event).map(({ field }) => fieldName(field.startsWith('metadata/') ? 'metadata' : field));
  const each = [...new Set(names)];
  if (each.length > NAMES_AT_MOST) each.splice(NAMES_AT_MOST - 1, each.length, '…');
  return each;
}

/** @param {string[]} all */
function listed(all) {
  const each = [...all];
  const final = each.pop() ?? '';
  return each.length === 0 ? final : t('list.and', { some: each.join(', '), last: final });
}

/** @param {AuditEvent} event */
function counts(event) {
  const numbers = Object.entries(event.changes).filter(([, { to }]) => typeof to === 'number');
  return Object.fromEntries(numbers.map(([name, { to }]) => [name, /** @type {number} */ (/** @type {unknown} */ (to))]));
}

/**
 * The text of a key with templates in the places of its values.
 * @param {Parameters<typeof t>[0]} key
 * @param {Record<string, unknown>} parts
 * @param {Record<string, number>} numbers
 */
function woven(key, parts, numbers) {
  const marks = Object.fromEntries(Object.keys(parts).map((name) => [name, `\u0000${name}\u0000`]));
  return t(key, { ...marks, ...numbers }).split('\u0000').map((piece, at) => (at % 2 === 1 ? parts[piece] : piece));
}
