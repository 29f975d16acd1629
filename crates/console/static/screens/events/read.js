// @ts-check
// A page of the audit trail, with the numbers in it as they were stored.
import { fetchRaw } from '../../api.js';
import { Problem } from '../../problem.js';
import { parse } from './exact.js';

/** @typedef {import('../../types.js').components['schemas']['AuditEventList']} AuditEventList */

/**
 * @param {import('../../router.js').Query} query The filters of `GET /audit-events`, `limit` and `cursor`.
 * @param {AbortSignal} signal
 * @returns {Promise<AuditEventList>}
 */
export async function readEvents(query, signal) {
  const response = await fetchRaw('get', '/audit-events', { query, signal });
  return parse(await response.text().catch(() => Promise.reject(Problem.offline())));
}
