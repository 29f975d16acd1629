// @ts-check
// The URL is the state: the path below the console says which screen, the query what it shows.
import { CONSOLE } from './base.js';
import { batch, signal } from './state.js';

/** @typedef {Record<string, string | number | boolean | null | undefined>} Query */

/** The path below the console, decoded, without slashes at its ends: `people/018f…`. */
export const path = signal(pathOf(location));
/** The query. A screen reads its filters from it. */
export const query = signal(new URLSearchParams(location.search));

/** @type {Map<string, number>} */
const scrolls = new Map();
let key = stateKey();
/** How the visitor came to this screen: the frame moves the focus on `navigate` and the scroll on `history`. */
export let arrival = /** @type {'load' | 'navigate' | 'history'} */ ('load');

history.scrollRestoration = 'manual';

/**
 * The address of a screen, for links.
 * @param {string} to Such as `people/018f…`.
 * @param {Query} [values] Empty ones are left out.
 * @returns {string}
 */
export function href(to, values = {}) {
  const url = new URL(to.split('/').map(encodeURIComponent).join('/'), CONSOLE);
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, String(value));
  }
  return url.pathname + url.search;
}

/**
 * Goes to a screen.
 * @param {string} to
 * @param {{ query?: Query, replace?: boolean }} [options] `replace` leaves no way back to this screen.
 */
export function navigate(to, options = {}) {
  go(href(to, options.query), options.replace ?? false);
}

/**
 * Changes members of the query and stays on the screen. As one types, each step replaces the last (the default).
 * @param {Query} values `null` and the empty text take a member away.
 * @param {{ push?: boolean }} [options] `push` lets the back button undo it.
 */
export function setQuery(values, options = {}) {
  const next = new URLSearchParams(query.peek());
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null || value === '') next.delete(name);
    else next.set(name, String(value));
  }
  const text = next.toString();
  const url = location.pathname + (text && `?${text}`);
  if (options.push) history.pushState({ key: (key = newKey()) }, '', url);
  else history.replaceState({ key }, '', url);
  query.value = next;
}

/**
 * @param {string} url
 * @param {boolean} replace
 */
function go(url, replace) {
  scrolls.set(key, scrollY);
  if (!replace) key = newKey();
  history[replace ? 'replaceState' : 'pushState']({ key }, '', url);
  arrival = 'navigate';
  show();
}

function show() {
  batch(() => {
    path.value = pathOf(location);
    query.value = new URLSearchParams(location.search);
  });
}

/** Where the window was scrolled to when the visitor left this entry of the history. */
export function scrollOfEntry() {
  return arrival === 'history' ? (scrolls.get(key) ?? 0) : 0;
}

/**
 * What the fragment of the URL says, such as `setup=…`, once: a secret does not stay in the address bar.
 * @returns {URLSearchParams}
 */
export function takeFragment() {
  const found = new URLSearchParams(location.hash.slice(1));
  if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);
  return found;
}

/** Links to the console change the screen without loading the page again. */
export function listen() {
  if (!history.state?.key) history.replaceState({ key }, '');
  addEventListener('popstate', () => {
    scrolls.set(key, scrollY);
    key = stateKey();
    arrival = 'history';
    show();
  });
  addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || event.defaultPrevented || event.button !== 0 || !isOwn(link)) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(link.pathname + link.search, false);
  });
}

/** @param {HTMLAnchorElement} link */
function isOwn(link) {
  const isHere = link.origin === CONSOLE.origin && link.pathname.startsWith(CONSOLE.pathname);
  return isHere && !link.target && !link.hasAttribute('download');
}

/** @param {Location} place */
function pathOf(place) {
  const below = place.pathname.startsWith(CONSOLE.pathname) ? place.pathname.slice(CONSOLE.pathname.length) : '';
  try {
    return decodeURIComponent(below).replace(/^\/+|\/+$/g, '');
  } catch {
    return below;
  }
}

function stateKey() {
  return typeof history.state?.key === 'string' ? history.state.key : newKey();
}

function newKey() {
  return Math.random().toString(36).slice(2);
}
