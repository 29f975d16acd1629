// @ts-check
// Every call of the API. Paths, parameters, bodies and answers have the types of `docs/openapi.json`.
import { API } from './base.js';
import { Problem } from './problem.js';
import { signal } from './state.js';
import { keepsSession, renew, token } from './token.js';

/** @typedef {import('./types.js').Method} Method */
/** @typedef {import('./types.js').AnyOptions} AnyOptions */

/** `ok`, `offline` (nobody answers) or `unavailable` (503). The frame tells it. */
export const connection = signal(/** @type {'ok' | 'offline' | 'unavailable'} */ ('ok'));

/** @type {() => Promise<boolean>} */
let reauthenticate = async () => false;

/** @param {() => Promise<boolean>} ask Asks for the password; whether it was right. */
export function onReauthentication(ask) {
  reauthenticate = ask;
}

export const api = {
  /** @type {import('./types.js').Call<'get'>} */
  get: caller('get'),
  /** @type {import('./types.js').Call<'post'>} */
  post: caller('post'),
  /** @type {import('./types.js').Call<'patch'>} */
  patch: caller('patch'),
  /** @type {import('./types.js').Call<'delete'>} */
  delete: caller('delete'),
};

/**
 * @param {Method} method
 * @returns {any} The types of its calls are above.
 */
function caller(method) {
  return (/** @type {string} */ path, /** @type {AnyOptions} */ options) => call(method, path, options);
}

/**
 * The answer as it comes, for files: a stream, a blob, or text.
 * @param {Method} method
 * @param {string} path
 * @param {AnyOptions} [options]
 * @returns {Promise<Response>} A success; anything else is thrown as a `Problem`.
 */
export async function fetchRaw(method, path, options = {}) {
  const access = options.anonymous ? null : await token();
  let response = await once(method, path, options, access);
  if (response.ok || response.status === 304) return response;
  let problem = await Problem.of(response);
  // A wrong password is a 401 too, and must not be sent twice.
  if (problem.code === 'invalid_token' && access) {
    response = await once(method, path, options, await renew(access));
    if (response.ok || response.status === 304) return response;
    problem = await Problem.of(response);
  }
  if (problem.status === 503) lost('unavailable');
  if (problem.code === 'reauthentication_required' && (await reauthenticate())) return fetchRaw(method, path, options);
  throw problem;
}

/**
 * @param {Method} method
 * @param {string} path
 * @param {AnyOptions} options
 */
async function call(method, path, options) {
  const response = await fetchRaw(method, path, options);
  const isJson = response.headers.get('Content-Type')?.includes('json');
  const body = isJson ? await response.json().catch(() => Promise.reject(Problem.offline())) : undefined;
  const { status, headers } = response;
  return { status, body, etag: headers.get('ETag'), headers };
}

/**
 * @param {Method} method
 * @param {string} path
 * @param {AnyOptions} options
 * @param {string | null} access
 * @returns {Promise<Response>}
 */
async function once(method, path, options, access) {
  const { signal: aborted } = options;
  const body = options.raw ?? (options.body === undefined ? null : JSON.stringify(options.body));
  /** @type {RequestInit} */
  const request = { method: method.toUpperCase(), headers: headers(method, options, access), body, cache: 'no-store' };
  try {
    const response = await fetch(urlOf(path, options), { ...request, signal: aborted ?? null });
    if (response.status !== 503) connection.value = 'ok';
    return response;
  } catch (error) {
    if (aborted?.aborted) throw error;
    lost('offline');
    throw Problem.offline();
  }
}

/**
 * @param {Method} method
 * @param {AnyOptions} options
 * @param {string | null} access
 */
function headers(method, options, access) {
  const made = new Headers(options.headers);
  if (access) made.set('Authorization', `Bearer ${access}`);
  if (options.session && keepsSession) made.set('X-Clientele-Session', 'cookie');
  if (options.ifMatch) made.set('If-Match', options.ifMatch);
  if (options.idempotencyKey) made.set('Idempotency-Key', options.idempotencyKey);
  if (options.accept) made.set('Accept', options.accept);
  if (options.body !== undefined) {
    made.set('Content-Type', method === 'patch' ? 'application/merge-patch+json' : 'application/json');
  }
  return made;
}

/**
 * The URL of a path of the document with its parameters filled in.
 * @param {string} path
 * @param {AnyOptions} [options]
 * @returns {URL}
 */
export function urlOf(path, options = {}) {
  const params = /** @type {Record<string, unknown>} */ (options.params ?? {});
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(params[name])));
  const url = new URL(filled.replace(/^\//, ''), API);
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, String(value));
  }
  return url;
}

let isWatching = false;

/**
 * Says so, and asks every three seconds until the service is ready again.
 * @param {'offline' | 'unavailable'} how
 */
function lost(how) {
  connection.value = how;
  if (isWatching) return;
  isWatching = true;
  const timer = setInterval(async () => {
    const response = await fetch(new URL('health/ready', API), { cache: 'no-store' }).catch(() => null);
    if (connection.value !== 'ok' && !response?.ok) return;
    clearInterval(timer);
    isWatching = false;
    connection.value = 'ok';
  }, 3000);
}
