// @ts-check
// Every screen. A new one is one line here and one module in `screens/`.
import { can, maySet, reach } from './session.js';

/** @typedef {Record<string, string>} Params */
/**
 * What a screen's module makes when it is opened. It is opened anew when the path changes, not when the query does.
 * @typedef {object} Screen
 * @property {() => string} title Heading and title of the window.
 * @property {() => unknown} view What is below the heading. It renders again when a signal that it reads changes.
 * @property {() => unknown} [actions] Buttons beside the heading.
 * @property {Promise<unknown>} [ready] When the first data is there, the scroll position is restored.
 * @property {() => void} [close] The visitor leaves.
 */
/**
 * @typedef {object} Entry
 * @property {string} path `people/:id`: parts with a colon are parameters.
 * @property {() => boolean} may Whether the caller may see it: without, it does not exist.
 * @property {() => Promise<{ open: (context: { params: Params }) => Screen }>} load
 * @property {{ text: import('./text.js').TextKey, icon: import('./ui/icons.js').Icon }} [menu] Its place in the menu.
 */

/** In the order of the menu. The first of the menu that the caller may see is their home. */
/** @type {Entry[]} */
export const SCREENS = [
  { path: 'customers', may: () => reach('list_managed_customers') === 'assigned', load: () => import('./screens/customers.js'), menu: { text: 'menu.customers', icon: 'customers' } },
  { path: 'customers/new', may: () => reach('list_managed_customers') === 'assigned' && can('create_customer'), load: () => import('./screens/add.js') },
  { path: 'people', may: () => reach('list_users') === 'all', load: () => import('./screens/people.js'), menu: { text: 'menu.people', icon: 'people' } },
  { path: 'people/new', may: () => reach('list_users') === 'all' && can('create_customer'), load: () => import('./screens/add.js') },
  { path: 'approvals', may: () => reach('read_audit_events') === 'all' && maySet('staff', 'is_active'), load: () => import('./screens/approvals.js'), menu: { text: 'menu.approvals', icon: 'approvals' } },
  { path: 'leaver', may: () => can('assign_customer'), load: () => import('./screens/leaver.js'), menu: { text: 'menu.leaver', icon: 'handover' } },
  { path: 'leaver/:id', may: () => can('assign_customer'), load: () => import('./screens/leaver.js') },
  { path: 'welcome', may: () => can('create_manager'), load: () => import('./screens/welcome.js') },
  { path: 'people/:id', may: () => can('read_user'), load: () => import('./screens/person.js') },
  { path: 'files', may: () => can('import_and_export'), load: () => import('./screens/files.js'), menu: { text: 'menu.files', icon: 'files' } },
  { path: 'audit', may: () => can('read_audit_events'), load: () => import('./screens/audit.js'), menu: { text: 'menu.audit', icon: 'audit' } },
  { path: 'keys', may: () => can('manage_keys'), load: () => import('./screens/keys.js'), menu: { text: 'menu.keys', icon: 'key' } },
  { path: 'keys/new', may: () => can('manage_keys'), load: () => import('./screens/keys/new.js') },
  { path: 'me', may: () => can('read_user'), load: () => import('./screens/me.js'), menu: { text: 'menu.me', icon: 'person' } },
];

/**
 * The screen of a path and the parameters in it, if the caller may see it.
 * @param {string} path
 * @returns {{ entry: Entry, params: Params } | null}
 */
export function find(path) {
  const parts = path.split('/');
  for (const entry of SCREENS) {
    const params = match(entry.path.split('/'), parts);
    if (params && entry.may()) return { entry, params };
  }
  return null;
}

/** @returns {Entry | undefined} Where the caller begins. */
export function home() {
  const own = SCREENS.filter((entry) => entry.may());
  return own.find((entry) => entry.menu) ?? own.find((entry) => !entry.path.includes(':'));
}

/**
 * @param {string[]} pattern
 * @param {string[]} parts
 * @returns {Params | null}
 */
function match(pattern, parts) {
  if (pattern.length !== parts.length) return null;
  /** @type {Params} */
  const params = {};
  for (const [at, wanted] of pattern.entries()) {
    const part = parts[at] ?? '';
    if (wanted.startsWith(':')) params[wanted.slice(1)] = part;
    else if (wanted !== part) return null;
  }
  return params;
}
