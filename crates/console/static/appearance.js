// @ts-check
// Light, dark, or as the system has it. The choice stays in this browser.
import { PLACE } from './base.js';
import { effect, signal } from './state.js';

/** @typedef {'system' | 'light' | 'dark'} Scheme */

const KEY = `${PLACE} scheme`;
/** What the browser paints around the page. */
const GROUND = { light: '#f6f5f2', dark: '#15171a' };

const kept = localStorage.getItem(KEY);
export const scheme = signal(/** @type {Scheme} */ (kept === 'light' || kept === 'dark' ? kept : 'system'));

effect(() => {
  const now = scheme.value;
  if (now === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, now);
  document.documentElement.toggleAttribute('data-scheme', now !== 'system');
  if (now !== 'system') document.documentElement.dataset.scheme = now;
  for (const meta of document.querySelectorAll('meta[name="theme-color"]')) {
    const own = meta.getAttribute('media')?.includes('dark') ? 'dark' : 'light';
    meta.setAttribute('content', GROUND[now === 'system' ? own : now]);
  }
});
