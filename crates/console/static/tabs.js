// @ts-check
// What the tabs of one browser tell each other, and what only one of them does at a time.
import { PLACE } from './base.js';

/** @typedef {{ kind: 'token', access: string, expires: number, user: string } | { kind: 'out' }} Message */

const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(PLACE) : null;

/**
 * Tells all other tabs. Nothing of it is stored.
 * @param {Message} message
 */
export function tell(message) {
  channel?.postMessage(message);
}

/** @param {(message: Message) => void} listener */
export function listen(listener) {
  channel?.addEventListener('message', (event) => listener(event.data));
}

/**
 * Runs the work when no other tab does such work. Without a secure context browsers have no locks; then tabs share no
 * cookie either.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export function alone(name, work) {
  if (!navigator.locks) return work();
  return /** @type {Promise<any>} */ (navigator.locks.request(`${PLACE} ${name}`, work));
}
