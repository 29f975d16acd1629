// @ts-check
// Who signed up and waits: an inactive manager of the last days whose sign-up is in the audit trail, and whom nobody has
// approved since. A sign-up that nobody approved is forgotten after 14 days.
import { api } from '../../api.js';

/** @typedef {import('../../session.js').User} User */

const DAY = 86_400_000;
/** Days after which an unapproved sign-up is forgotten. */
export const KEPT_DAYS = 14;
const AT_ONCE = 5;

/**
 * @param {string | undefined} cursor
 * @param {AbortSignal} signal
 * @returns {Promise<import('../../ui/pages.js').Page<User>>}
 */
export async function waitingPage(cursor, signal) {
  const created_from = new Date(Date.now() - (KEPT_DAYS + 1) * DAY).toISOString();
  const query = { role: /** @type {const} */ ('manager'), is_active: false, created_from, limit: 50, ...(cursor ? { cursor } : {}) };
  const { body } = await api.get('/users/', { query, signal });
  /** @type {User[]} */
  const items = [];
  for (let at = 0; at < body.items.length; at += AT_ONCE) {
    const some = body.items.slice(at, at + AT_ONCE);
    const waits = await Promise.all(some.map((person) => isWaiting(person, signal)));
    items.push(...some.filter((_, n) => waits[n]));
  }
  return { items, next_cursor: body.next_cursor };
}

/**
 * @param {User} person
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>}
 */
async function isWaiting(person, signal) {
  const events = async (/** @type {'signup.requested' | 'user.updated'} */ action) =>
    (await api.get('/audit-events', { query: { subject_id: person.id, action, limit: 200 }, signal })).body.items;
  if ((await events('signup.requested')).length === 0) return false;
  if (person.updated_at === person.created_at) return true;
  // Whoever was approved once and deactivated later does not wait.
  return !(await events('user.updated')).some(({ changes }) => 'is_active' in (changes ?? {}) || 'role' in (changes ?? {}));
}

/**
 * Whoever refuses erases. An approval by somebody else a moment ago comes first.
 * @param {User} person
 * @returns {Promise<boolean>} Whether they still waited and are erased now.
 */
export async function refuse({ id }) {
  const { body, etag } = await api.get('/users/{id}', { params: { id } });
  if (body.is_active) return false;
  await api.delete('/users/{id}', { params: { id }, ifMatch: etag });
  return true;
}
