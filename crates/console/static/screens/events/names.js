// @ts-check
// Ids in events as people. Each person is asked for once, a few at a time, and kept until the page is loaded again.
import { api } from '../../api.js';
import { Problem } from '../../problem.js';
import { me, reach } from '../../session.js';
import { signal } from '../../state.js';

/** @typedef {import('../../session.js').User} User */
/**
 * `gone`: nobody has the id, or nobody whom the caller may see.
 * @typedef {{ is: 'asked' } | { is: 'known', user: User } | { is: 'gone' } | { is: 'failed' }} Found
 */

/** @type {Map<string, import('../../types.js').Signal<Found>>} */
const known = new Map();
/** @type {string[]} */
const waiting = [];
const AT_ONCE = 4;
let running = 0;
let whose = '';

/**
 * Who this is. A view that reads it renders again when the answer is there.
 * @param {string} id
 * @param {string} [role] What is known of them. Whoever does not see everybody sees nobody else of the staff, and need not ask.
 * @returns {Found}
 */
export function find(id, role) {
  const self = me();
  if (self?.id === id) return { is: 'known', user: self };
  forOwner(self?.id ?? '');
  const found = known.get(id);
  if (found) return found.value;
  const sees = reach('read_user');
  if (sees === 'self' || (sees !== 'all' && role && role !== 'customer')) return { is: 'gone' };
  const asked = signal(/** @type {Found} */ ({ is: 'asked' }));
  known.set(id, asked);
  waiting.push(id);
  queueMicrotask(work);
  return asked.value;
}

/**
 * Somebody who was met elsewhere need not be asked for.
 * @param {User} user
 */
export function remember(user) {
  forOwner(me()?.id ?? '');
  const found = known.get(user.id);
  if (found) found.value = { is: 'known', user };
  else known.set(user.id, signal(/** @type {Found} */ ({ is: 'known', user })));
}

/**
 * What one person may see another may not.
 * @param {string} id Who is signed in.
 */
function forOwner(id) {
  if (id === whose) return;
  whose = id;
  known.clear();
  waiting.length = 0;
}

function work() {
  while (running < AT_ONCE) {
    const id = waiting.shift();
    if (!id) return;
    running++;
    void ask(id).finally(() => {
      running--;
      work();
    });
  }
}

/** @param {string} id */
async function ask(id) {
  const place = known.get(id);
  if (!place) return;
  try {
    place.value = { is: 'known', user: (await api.get('/users/{id}', { params: { id } })).body };
  } catch (error) {
    const { status } = Problem.from(error);
    place.value = { is: status === 404 ? 'gone' : 'failed' };
    // The next view asks again.
    if (status !== 404) known.delete(id);
  }
}
