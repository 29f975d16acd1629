// @ts-check
// Ids in events as people. Each person is asked for once, a few at a time, and kept until the page is loaded again.
import { api } from '../../api.js';
import { Problem } from '../../problem.js';
import { me, reach } from '../../session.js';
import { signal } from '../../state.js';

/** @typedef {import('../../session.js').User} User */
/**
 * `gone`: nobody has the id, or nobody whom the caller may see.
 * @typedef {{ is: 'asked' } | { is: 'known', user: User } | { is: 'gone' } | { is: 'failed', at: number }} Found
 */

/** @type {Map<string, import('../../types.js').Signal<Found>>} */
const known = new Map();
/** @type {string[]} */
const waiting = [];
const AT_ONCE = 4;
/** Who could not be asked for is asked for again by a view after so many milliseconds. At once would be for ever: each failure renders. */
const ASK_AGAIN_AFTER = 30_000;
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
  if (found && !isStale(found.peek())) return found.value;
  const sees = reach('read_user');
  if (sees === 'self' || (sees !== 'all' && role && role !== 'customer')) return { is: 'gone' };
  const asked = signal(/** @type {Found} */ ({ is: 'asked' }));
  known.set(id, asked);
  waiting.push(id);
  queueMicrotask(work);
  return asked.value;
}

/** @param {Found} found */
function isStale(found) {
  return found.is === 'failed' && Date.now() - found.at > ASK_AGAIN_AFTER;
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
    place.value = Problem.from(error).status === 404 ? { is: 'gone' } : { is: 'failed', at: Date.now() };
  }
}
