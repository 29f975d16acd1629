// @ts-check
// Who signed up and waits. The audit trail knows: the request is an event, and a sign-up that nobody approved is
// forgotten after 14 days.
import { api } from '../../api.js';
import { Problem } from '../../problem.js';

/** @typedef {import('../../session.js').User} User */
/** @typedef {{ person: User, etag: string | null }} Waiting */

const DAY = 86_400_000;
/** Days after which an unapproved sign-up is forgotten. */
export const KEPT_DAYS = 14;
const AT_ONCE = 5;

/**
 * A page of the requests, and who of them still waits.
 * @param {string | undefined} cursor
 * @param {AbortSignal} signal
 * @returns {Promise<import('../../ui/pages.js').Page<Waiting>>}
 */
export async function waitingPage(cursor, signal) {
  const from = new Date(Date.now() - (KEPT_DAYS + 1) * DAY).toISOString();
  const query = { action: /** @type {const} */ ('signup.requested'), from, limit: 50, ...(cursor ? { cursor } : {}) };
  const { body } = await api.get('/audit-events', { query, signal });
  const ids = [...new Set(body.items.flatMap(({ subject_id }) => subject_id ?? []))];
  /** @type {Waiting[]} */
  const items = [];
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const found = await Promise.all(ids.slice(at, at + AT_ONCE).map((id) => ifWaiting(id, signal)));
    items.push(...found.flatMap((one) => one ?? []));
  }
  return { items, next_cursor: body.next_cursor };
}

/**
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<Waiting | null>}
 */
async function ifWaiting(id, signal) {
  try {
    const { body: person, etag } = await api.get('/users/{id}', { params: { id }, signal });
    if (person.is_active) return null;
    if (person.updated_at !== person.created_at && (await wasApproved(id, signal))) return null;
    return { person, etag };
  } catch (error) {
    // Refused, forgotten, or replaced by the owner of the e-mail.
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

/**
 * Whether somebody approved them once: they were deactivated since, and do not wait.
 * @param {string} id
 * @param {AbortSignal} signal
 */
async function wasApproved(id, signal) {
  const query = { subject_id: id, action: /** @type {const} */ ('user.updated'), limit: 200 };
  const { body } = await api.get('/audit-events', { query, signal });
  return body.items.some(({ changes }) => 'is_active' in (changes ?? {}) || 'role' in (changes ?? {}));
}
