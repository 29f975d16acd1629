// @ts-check
// Names of people who are known by their id, such as the manager of a customer.
import { api } from '../../api.js';
import { nameOf } from '../../format.js';
import { batch } from '../../state.js';
import { find, remember } from '../events/names.js';
import { t } from './text.js';

/** @type {Promise<void> | undefined} */
let reading;

/**
 * @param {string | null | undefined} id
 * @returns {string} The name, or an ellipsis until it is there.
 */
export function nameById(id) {
  if (!id) return t('value.none');
  const found = find(id);
  if (found.is === 'known') return nameOf(found.user);
  return found.is === 'asked' ? '…' : t('people.unknown');
}

/** @param {import('../../session.js').User[]} people Who have just been read. */
export function learn(people) {
  batch(() => people.forEach(remember));
}

/** Reads 200 managers once: a list needs the names of many of them, and each would be a request of its own. */
export function readManagers() {
  reading ??= api.get('/users/', { query: { role: 'manager', limit: 200 } }).then(
    ({ body }) => learn(body.items),
    () => {
      reading = undefined;
    },
  );
  return reading;
}
