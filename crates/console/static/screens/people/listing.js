// @ts-check
// The people whom the query of the URL asks for, page by page.
import { Problem } from '../../problem.js';
import { arrival, href, path, query } from '../../router.js';
import { effect, untracked } from '../../state.js';
import { Pages } from '../../ui/pages.js';

/** @typedef {import('../../session.js').User} User */
/** @typedef {NonNullable<import('../../types.js').paths['/users/']['get']['parameters']['query']>} Filters */

const PAGE = 50;
const MOST = 200;

/** How many rows each address had, so that the way back leads to the same place. @type {Map<string, number>} */
const lengths = new Map();
/** The person who was opened from each address. @type {Map<string, string>} */
const opened = new Map();

/**
 * @param {(filters: Filters, signal: AbortSignal) => Promise<import('../../ui/pages.js').Page<User>>} fetchPage
 * @param {(query: URLSearchParams) => Filters} filtersOf
 */
export function listing(fetchPage, filtersOf) {
  const here = path.peek();
  /** @type {Filters} */
  let filters = {};
  let asked = '';
  let at = address();
  const last = arrival === 'history' ? opened.get(at) : undefined;
  let first = arrival === 'history' ? (lengths.get(address()) ?? PAGE) : PAGE;
  const pages = new Pages((cursor, signal) => {
    const limit = cursor ? PAGE : Math.min(MOST, Math.max(PAGE, first));
    return fetchPage({ ...filters, limit, ...(cursor ? { cursor } : {}) }, signal).catch((error) => Promise.reject(named(error)));
  });
  /** @type {Promise<void> | undefined} */
  let ready;
  const follow = effect(() => {
    const now = filtersOf(query.value);
    const text = JSON.stringify(now);
    if (text === asked || path.peek() !== here) return;
    [filters, asked] = [now, text];
    const restarted = untracked(() => pages.restart());
    if (ready) first = PAGE;
    ready ??= restarted;
  });
  const count = effect(() => {
    const { length } = pages.items.value;
    if (path.peek() === here) lengths.set((at = untracked(address)), length);
  });
  if (last) void ready?.then(() => returnTo(last));
  return {
    pages,
    ready: ready ?? Promise.resolve(),
    close: () => {
      opened.set(at, path.peek());
      follow();
      count();
      pages.close();
    },
  };
}

/**
 * Whoever comes back from a person finds the focus on that row, in view.
 * @param {string} to The path of the person.
 */
function returnTo(to) {
  const find = () => [...document.querySelectorAll('a[data-row]')].find((link) => link.getAttribute('href') === href(to));
  // After the frame has restored the scroll position, which is not exact: rows out of view have no height of their own.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const link = find();
    if (!(link instanceof HTMLElement)) return;
    link.scrollIntoView({ block: 'center' });
    link.focus({ preventScroll: true });
  }));
}

/**
 * A link may hold a filter that the API does not take: the problem names it.
 * @param {unknown} error
 */
function named(error) {
  if (error instanceof Problem && error.errors.length > 0) {
    error.detail = error.errors.map(({ pointer, detail }) => `${pointer.slice(1)}: ${detail}.`).join(' ');
  }
  return error;
}

function address() {
  return `${path.peek()}?${query.peek()}`;
}

/**
 * A day of the reader's calendar as the moment when it begins.
 * @param {string | null} day `2026-01-31`
 * @param {number} [later] Days after it.
 * @returns {string | undefined} RFC 3339; what is no day is left to the API to refuse.
 */
export function startOf(day, later = 0) {
  if (!day) return undefined;
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day) ?? [];
  if (!year) return day;
  const at = new Date(Number(year), Number(month) - 1, Number(date) + later);
  return Number.isNaN(at.getTime()) ? day : at.toISOString();
}

/**
 * The filters of the API that a query has.
 * @param {URLSearchParams} values
 * @returns {Filters}
 */
export function filtersOf(values) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const name of ['role', 'is_active', 'assigned_manager_id', 'created_by', 'q', 'sort']) {
    const value = values.get(name);
    if (value) found[name] = value;
  }
  const [from, to] = [startOf(values.get('created_from')), startOf(values.get('created_to'), 1)];
  if (from) found.created_from = from;
  if (to) found.created_to = to;
  return /** @type {Filters} */ (found);
}
