// @ts-check
import { connection } from '../api.js';
import { effect, signal, untracked } from '../state.js';

/** Seconds before a service that was away is asked again: one that refuses a single path would be asked without end. */
const PAUSE = 3;

/**
 * Tries again by itself what did not come: when the wait that the service asked for is over, and it is ready.
 * @param {{ readonly value: import('../problem.js').Problem | null }} problem A signal.
 * @param {() => unknown} again
 * @returns {() => void} Ends it.
 */
export function recover(problem, again) {
  const isDue = signal(false);
  let timer = 0;
  const forget = () => clearTimeout(timer);
  const wait = effect(() => {
    const now = problem.value;
    forget();
    isDue.value = false;
    if (now && recovers(now)) timer = setTimeout(() => (isDue.value = true), (now.retryAfter || PAUSE) * 1000);
  });
  const run = effect(() => {
    if (isDue.value && connection.value === 'ok') void untracked(again);
  });
  return () => {
    wait();
    run();
    forget();
  };
}

/** @param {import('../problem.js').Problem} problem Whether waiting is all that it needs. */
export function recovers({ code, status, retryAfter }) {
  return code === 'offline' || status === 503 || retryAfter > 0;
}
