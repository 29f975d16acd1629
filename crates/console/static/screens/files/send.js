// @ts-check
// Sends a file and tells how much of it is sent, which `fetch` cannot tell.
import { urlOf } from '../../api.js';
import { Problem } from '../../problem.js';
import { renew, token } from '../../token.js';

/** @typedef {import('../../types.js').components['schemas']['Imported']} Imported */
/** @typedef {{ dry_run: boolean, on_error: 'abort' | 'skip', on_existing: 'skip' | 'update' }} Order */

/**
 * @param {Blob} file
 * @param {Order} order
 * @param {{ signal: AbortSignal, progress: (sent: number) => void }} options `progress` gets the part that is sent, from 0 to 1.
 * @returns {Promise<Imported>}
 */
export async function send(file, order, options) {
  const access = await token();
  try {
    return await once(file, order, access, options);
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'invalid_token')) throw error;
    return once(file, order, await renew(access), options);
  }
}

/**
 * @param {Blob} file
 * @param {Order} order
 * @param {string | null} access
 * @param {{ signal: AbortSignal, progress: (sent: number) => void }} options
 * @returns {Promise<Imported>}
 */
function once(file, order, access, { signal, progress }) {
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.open('POST', urlOf('/users/import', { query: order }));
    request.setRequestHeader('Content-Type', 'text/csv');
    if (access) request.setRequestHeader('Authorization', `Bearer ${access}`);
    request.upload.addEventListener('progress', ({ loaded, total }) => progress(total ? loaded / total : 0));
    request.upload.addEventListener('load', () => progress(1));
    request.addEventListener('error', () => reject(Problem.offline()));
    request.addEventListener('abort', () => reject(signal.reason));
    request.addEventListener('load', () => void answer(request).then(resolve, reject));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

/**
 * @param {XMLHttpRequest} request
 * @returns {Promise<Imported>}
 */
async function answer(request) {
  const { status, responseText } = request;
  if (status === 200) return JSON.parse(responseText);
  const wait = request.getResponseHeader('Retry-After');
  throw await Problem.of(new Response(responseText, { status, headers: wait ? { 'Retry-After': wait } : {} }));
}
