// @ts-check
// The filters of the API as chips. Each is a member of the URL's query.
import { html } from '../../html.js';
import { query, setQuery } from '../../router.js';
import { signal } from '../../state.js';
import { icon } from '../../ui/icons.js';
import { choice, sorts } from './choice.js';
import { nameById } from './names.js';
import { t } from './text.js';

const NAMES = ['role', 'is_active', 'assigned_manager_id', 'created_by', 'created_from', 'created_to'];

/** On a phone the chips are behind a button. */
const isOpen = signal(false);

/** How many filters are set. */
function count() {
  return NAMES.filter((name) => query.value.has(name)).length;
}

/** Whether the list shows less than everyone. */
export function isFiltered() {
  return count() > 0 || query.value.has('q');
}

/** @param {boolean} [withSearch] Whether what was searched for goes too. */
export function clearFilters(withSearch = false) {
  setQuery(Object.fromEntries([...NAMES, ...(withSearch ? ['q'] : [])].map((name) => [name, null])), { push: true });
}

/** The button that shows the chips on a phone. */
export function filterButton() {
  const set = count();
  return html`<button type="button" class="filter-button" aria-expanded=${isOpen.value} aria-controls="filters" @click=${() => (isOpen.value = !isOpen.value)}>
    ${icon('filter')}<span>${set > 0 ? t('people.filters_set', { count: set }) : t('people.filters')}</span></button>`;
}

export function chips() {
  return html`<div class="chips ${isOpen.value ? 'open' : ''}" id="filters" role="group" aria-label=${t('people.filters')}>
    ${choice('role', t('people.role'), [['', t('people.everyone')], ['customer', t('people.customers')], ['manager', t('people.managers')], ['admin', t('people.admins')]])}
    ${choice('is_active', t('people.status'), [['', t('people.any_status')], ['true', t('status.active')], ['false', t('status.inactive')]])}
    ${person('assigned_manager_id', 'people.by_manager', managerFilter)}
    ${person('created_by', 'people.by_creator', creatorFilter)}
    ${days()}
    ${choice('sort', t('people.sort'), sorts(), '-created_at')}
    ${count() > 0 ? html`<button type="button" class="link" @click=${() => clearFilters()}>${t('people.clear')}</button>` : null}
  </div>`;
}

/**
 * A chip whose value is a person.
 * @param {'assigned_manager_id' | 'created_by'} name
 * @param {'people.by_manager' | 'people.by_creator'} text
 * @param {() => unknown} choose
 */
function person(name, text, choose) {
  const value = query.value.get(name);
  const who = value === 'none' ? t('people.no_manager') : nameById(value);
  return chip(t(text), value ? (value === 'none' ? who : t(`${text}_set`, { name: who })) : null, choose, [name]);
}

/**
 * @param {string} text Without a value.
 * @param {string | null} set With one.
 * @param {() => unknown} choose
 * @param {string[]} names What its cross takes away.
 */
function chip(text, set, choose, names) {
  const clear = () => setQuery(Object.fromEntries(names.map((name) => [name, null])), { push: true });
  return html`<span class="chip-pair ${set ? 'on' : ''}">
    <button type="button" class="chip" aria-haspopup="dialog" @click=${choose}><bdi>${set ?? text}</bdi></button>
    ${set ? html`<button type="button" class="chip-clear" aria-label=${t('people.clear_one', { name: set })} @click=${clear}>${icon('close')}</button>` : null}</span>`;
}

async function managerFilter() {
  const { pickPerson } = await import('./pick.js');
  const chosen = await pickPerson({ title: t('people.by_manager'), filters: { role: 'manager' }, others: [['none', t('people.no_manager')]] });
  if (chosen !== undefined) setQuery({ assigned_manager_id: typeof chosen === 'string' ? chosen : chosen.id }, { push: true });
}

async function creatorFilter() {
  const { pickPerson } = await import('./pick.js');
  const chosen = await pickPerson({ title: t('people.by_creator') });
  if (chosen && typeof chosen !== 'string') setQuery({ created_by: chosen.id }, { push: true });
}

function days() {
  const [from, to] = [query.value.get('created_from'), query.value.get('created_to')];
  const set = from && to ? t('people.added_between', { from, to }) : from ? t('people.added_from', { from }) : to ? t('people.added_to', { to }) : null;
  return chip(t('people.added'), set, async () => (await import('./days.js')).pickDays(), ['created_from', 'created_to']);
}
