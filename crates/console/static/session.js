// @ts-check
// Who is signed in, and what they may do.
import { api } from './api.js';
import { Problem } from './problem.js';
import { signal } from './state.js';
import { forget, hold, keepsSession, mayHaveSession, onChange, renew, whenRenewed } from './token.js';

/** @typedef {import('./types.js').components['schemas']['UserResponse']} User */
/** @typedef {import('./types.js').components['schemas']['Permissions']} Permissions */
/** @typedef {'all' | 'all_customers' | 'self_and_assigned' | 'assigned' | 'self' | 'none'} Reach */
/**
 * @typedef {{ state: 'starting' } | { state: 'waiting', problem: Problem }
 *   | { state: 'anonymous', reason?: 'ended' | 'signed_out' }
 *   | { state: 'signed_in', user: User, permissions: Permissions }} Session
 */

export const session = signal(/** @type {Session} */ ({ state: 'starting' }));

/** Whether a reload stays signed in. */
export const staysSignedIn = keepsSession;

/** @type {User | null} */
let owner = null;

/** Finds out whether there is a session. Fails only if the server is gone. */
export async function start() {
  if (!mayHaveSession()) {
    session.value = { state: 'anonymous' };
    return;
  }
  await load(() => renew(null));
}

/** @param {() => Promise<unknown>} first */
async function load(first) {
  try {
    await first();
    const permissions = (await api.get('/users/me/permissions')).body;
    const user = owner ?? (await api.get('/users/me')).body;
    session.value = { state: 'signed_in', user, permissions };
  } catch (error) {
    const problem = Problem.from(error);
    if (session.peek().state === 'anonymous') return;
    if (problem.status === 401 || problem.status === 403) session.value = { state: 'anonymous' };
    else session.value = { state: 'waiting', problem };
  }
}

/**
 * An answer with `signed_in` begins the session of all tabs.
 * @param {import('./types.js').components['schemas']['SignedIn']} answer
 */
export async function begin(answer) {
  hold(answer);
  owner = answer.user;
  session.value = { state: 'starting' };
  await load(async () => {});
}

/** Ends the session here and in all tabs, at the server too. */
export async function signOut() {
  try {
    await api.post('/auth/signout');
  } finally {
    forget(true);
    owner = null;
    session.value = { state: 'anonymous', reason: 'signed_out' };
  }
}

/**
 * The caller's own record has changed.
 * @param {User} user
 */
export function changedMe(user) {
  owner = user;
  const now = session.peek();
  if (now.state === 'signed_in') session.value = { ...now, user };
}

/** @returns {User | null} Who is signed in. */
export function me() {
  const now = session.value;
  return now.state === 'signed_in' ? now.user : null;
}

/**
 * On whom the caller may do this.
 * @param {string} action As `docs/access.md` names it, such as `list_users`.
 * @returns {Reach}
 */
export function reach(action) {
  const now = session.value;
  return now.state === 'signed_in' ? /** @type {Reach} */ (now.permissions.actions[action] ?? 'none') : 'none';
}

/**
 * Whether the caller may do this to anybody at all.
 * @param {string} action
 */
export function can(action) {
  return reach(action) !== 'none';
}

/**
 * Whether the caller may set this field. What a manager may set on staff, they may on themselves alone.
 * @param {'staff' | 'customer'} kind
 * @param {string} field
 */
export function maySet(kind, field) {
  const now = session.value;
  return now.state === 'signed_in' && now.permissions.fields[kind].includes(field);
}

whenRenewed((answer) => {
  owner = answer.user;
});

onChange((event) => {
  owner = null;
  if (event === 'out') {
    const wasIn = session.peek().state === 'signed_in';
    session.value = wasIn ? { state: 'anonymous', reason: 'ended' } : { state: 'anonymous' };
  } else {
    session.value = { state: 'starting' };
    void load(async () => {});
  }
});
