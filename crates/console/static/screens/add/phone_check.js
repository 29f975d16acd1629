// @ts-check
// Whether a customer has this number already, told before the form is sent.
import { api, fetchRaw } from '../../api.js';
import { reach } from '../../session.js';
import { signal } from '../../state.js';
import { found, isWhole } from './phones.js';

/** @typedef {import('../../session.js').User} User */
/**
 * @typedef {{ is: 'none' | 'checking' | 'free' | 'taken' | 'unknown' } | { is: 'known', person: User }
 *   | { is: 'wrong', detail: string }} Verdict `known`: somebody whom the caller may open. `unknown`: nobody could tell.
 */

const PAUSE = 500;

export class PhoneCheck {
  constructor() {
    this.verdict = signal(/** @type {Verdict} */ ({ is: 'none' }));
    this.asked = '';
    this.timer = 0;
    this.aborter = new AbortController();
    /** @type {Map<string, Verdict>} The service tells a manager of somebody else's customer only a few times a day. */
    this.told = new Map();
  }

  /** @param {string} text What is in the field now. */
  follow(text) {
    const phone = found(text);
    if (phone === this.asked) return;
    this.asked = phone;
    this.aborter.abort();
    clearTimeout(this.timer);
    const before = this.told.get(phone);
    this.verdict.value = before ?? { is: isWhole(phone) ? 'checking' : 'none' };
    if (!before && isWhole(phone)) this.timer = setTimeout(() => void this.ask(phone), PAUSE);
  }

  /** @param {string} phone */
  async ask(phone) {
    this.aborter = new AbortController();
    const { signal: aborted } = this.aborter;
    try {
      const verdict = await judge(phone, aborted);
      if (aborted.aborted) return;
      if (verdict.is !== 'unknown') this.told.set(phone, verdict);
      this.verdict.value = verdict;
    } catch {
      // Not to know is no reason to stop: saving says it too.
      if (!aborted.aborted) this.verdict.value = { is: 'unknown' };
    }
  }

  close() {
    clearTimeout(this.timer);
    this.aborter.abort();
  }
}

/**
 * @param {string} phone
 * @param {AbortSignal} aborted
 * @returns {Promise<Verdict>}
 */
async function judge(phone, aborted) {
  const { body } = await api.get('/users/managed-customers/', { query: { q: phone, limit: 10 }, signal: aborted });
  const person = body.items.find((one) => one.phone === phone);
  if (person) return { is: 'known', person };
  if (reach('create_customer') === 'all_customers' || reach('create_customer') === 'all') return { is: 'free' };
  return dryRun(phone, aborted);
}

/**
 * A manager does not see the customers of others. A dry run of an import says what saving would say.
 * @param {string} phone
 * @param {AbortSignal} aborted
 * @returns {Promise<Verdict>}
 */
async function dryRun(phone, aborted) {
  const answer = await fetchRaw('post', '/users/import', {
    query: { dry_run: true, on_error: 'skip' },
    raw: `phone\n${phone}\n`,
    headers: { 'Content-Type': 'text/csv' },
    signal: aborted,
  });
  /** @type {import('../../types.js').components['schemas']['Imported']} */
  const { created, errors } = await answer.json();
  const [error] = errors;
  if (error?.code === 'phone_taken') return { is: 'taken' };
  if (error?.code === 'invalid_phone') return { is: 'wrong', detail: error.detail };
  return { is: created === 1 ? 'free' : 'unknown' };
}
