// @ts-check
// The access token of this tab. It is in memory only; the refresh token is in a cookie that no script reads.
import { API, PLACE } from './base.js';
import { Problem } from './problem.js';
import { alone, listen, tell } from './tabs.js';

/** @typedef {import('./types.js').components['schemas']['SignedIn']} SignedIn */
/** @typedef {{ access: string, expires: number, user: string, refresh: string | undefined }} Held */

const HINT = `${PLACE} session`;
/** A token that ends so soon is renewed before it is used, in milliseconds. */
const EARLY = 30_000;
const PATIENCE = 20_000;

/** Whether the browser keeps the cookie of a session: over https, and in most browsers on localhost. */
export const keepsSession = keepsSecureCookies();

/** @type {Held | null} */
let held = null;
/** @type {Promise<string> | null} */
let renewing = null;
/** @type {Array<(event: 'in' | 'out', user: string | null) => void>} */
const listeners = [];

/** @param {(event: 'in' | 'out', user: string | null) => void} listener Called when another tab or the server decides. */
export function onChange(listener) {
  listeners.push(listener);
}

/** Whether a reload may find a session. A browser without one need not ask. */
export function mayHaveSession() {
  return keepsSession && localStorage.getItem(HINT) !== null;
}

/**
 * Keeps the tokens of an answer, and gives the access token to the other tabs.
 * @param {SignedIn} answer
 * @returns {string} The access token.
 */
export function hold(answer) {
  const expires = Date.now() + answer.expires_in * 1000;
  held = { access: answer.access_token, expires, user: answer.user.id, refresh: answer.refresh_token };
  if (keepsSession) {
    localStorage.setItem(HINT, '1');
    tell({ kind: 'token', access: held.access, expires, user: held.user });
  }
  return held.access;
}

/** @param {boolean} everywhere Whether the other tabs forget it too. */
export function forget(everywhere) {
  held = null;
  if (!everywhere) return;
  localStorage.removeItem(HINT);
  tell({ kind: 'out' });
}

/** @returns {Promise<string | null>} A token that is still good for a while. */
export async function token() {
  if (!held) return null;
  return held.expires - Date.now() > EARLY ? held.access : renew(held.access);
}

/**
 * Gets a new token, one tab at a time. If another tab was faster, its token will do.
 * @param {string | null} stale The token that is not good any more.
 * @returns {Promise<string>}
 */
export function renew(stale) {
  renewing ??= alone('refresh', () => renewed(stale)).finally(() => {
    renewing = null;
  });
  return renewing;
}

/** @type {(answer: SignedIn) => void} */
let onRenewed = () => {};

/** @param {(answer: SignedIn) => void} listener Learns who it is. */
export function whenRenewed(listener) {
  onRenewed = listener;
}

/** @param {string | null} stale */
async function renewed(stale) {
  if (held && held.access !== stale) return held.access;
  const body = held?.refresh ? { refresh_token: held.refresh } : {};
  const request = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const url = new URL('auth/refresh', API);
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(PATIENCE) }).catch(() => null);
  if (!response) throw Problem.offline();
  if (response.ok) {
    /** @type {SignedIn} */
    const answer = await response.json();
    hold(answer);
    onRenewed(answer);
    return answer.access_token;
  }
  const problem = await Problem.of(response);
  // Another tab may have got a good one while this one asked.
  if (held && held.access !== stale) return held.access;
  if (problem.status === 401 || problem.status === 403) ended();
  throw problem;
}

/** The session of this tab is over. Others find out for themselves. */
function ended() {
  forget(false);
  localStorage.removeItem(HINT);
  for (const listener of listeners) listener('out', null);
}

listen((message) => {
  if (message.kind === 'out') {
    const had = held !== null;
    held = null;
    if (had) for (const listener of listeners) listener('out', null);
    return;
  }
  const isOther = held?.user !== message.user;
  held = { access: message.access, expires: message.expires, user: message.user, refresh: undefined };
  if (isOther) for (const listener of listeners) listener('in', message.user);
});

function keepsSecureCookies() {
  const name = '__Host-clientele-probe';
  document.cookie = `${name}=1; Path=/; Secure; SameSite=Strict`;
  const keeps = document.cookie.includes(`${name}=1`);
  document.cookie = `${name}=; Path=/; Secure; SameSite=Strict; Max-Age=0`;
  return keeps;
}
