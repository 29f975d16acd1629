// @ts-check
import { fetchRaw } from '../../api.js';
import { Problem } from '../../problem.js';
import { write } from '../events/exact.js';
import { t } from '../people/text.js';

/** @typedef {import('../../types.js').components['schemas']['CreateUserRequest']} NewUser */
/** @typedef {import('../../session.js').User} User */

/**
 * Enters a person once, however often the same form is sent: a lost answer and a second press make nobody twice.
 * @returns {(body: NewUser) => Promise<User>}
 */
export function saving() {
  let [sent, key] = ['', ''];
  return async (body) => {
    const raw = write(body);
    if (raw !== sent) [sent, key] = [raw, newKey()];
    try {
      const headers = { 'Content-Type': 'application/json' };
      return await (await fetchRaw('post', '/users/', { raw, headers, idempotencyKey: key })).json();
    } catch (error) {
      throw atField(Problem.from(error));
    }
  };
}

/**
 * Whose e-mail or phone is taken reads it at the field.
 * @param {Problem} problem
 */
function atField(problem) {
  const isEmail = problem.code === 'email_taken';
  if (!isEmail && problem.code !== 'phone_taken') return problem;
  problem.errors = [{ pointer: isEmail ? '/email' : '/phone', code: problem.code, detail: t(isEmail ? 'add.taken_email' : 'add.taken_phone') }];
  return problem;
}

/** `crypto.randomUUID` is not there over plain http. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
