// @ts-check
// The filters of the audit trail. Each is a member of the URL's query.
import { nameOf, visible } from '../../format.js';
import { html, live } from '../../html.js';
import { query, setQuery } from '../../router.js';
import { openDialog } from '../../ui/dialog.js';
import { Form } from '../../ui/form.js';
import { icon } from '../../ui/icons.js';
import { find, remember } from '../events/names.js';
import { startOf } from '../people/listing.js';
import { pickPerson } from '../people/pick.js';
import { has, t } from './text.js';

/** @typedef {NonNullable<import('../../types.js').paths['/audit-events']['get']['parameters']['query']>} Filters */

const NAMES = ['actor_id', 'subject_id', 'action', 'from', 'to'];
/** In the order of the choice. */
const ACTIONS = [
  'user.created', 'user.updated', 'user.erased', 'customer.assigned', 'session.started', 'session.ended',
  'session.reauthenticated', 'password.changed', 'password.reset', 'signin.failed', 'signup.requested', 'key.created',
  'key.revoked', 'key.rotated', 'users.imported', 'users.exported', 'user.data_read', 'phone_taken.told',
];

/**
 * The filters of the API that a query has.
 * @param {URLSearchParams} values
 * @returns {Filters}
 */
export function filtersOf(values) {
  /** @type {Filters} */
  const found = {};
  for (const name of /** @type {const} */ (['actor_id', 'subject_id', 'action'])) {
    const value = values.get(name);
    if (value) found[name] = value;
  }
  const [from, to] = [startOf(values.get('from')), startOf(values.get('to'), 1)];
  return { ...found, ...(from ? { from } : {}), ...(to ? { to } : {}) };
}

/**
 * An action in words; one that is new here by its name.
 * @param {string} action
 */
export function whatOf(action) {
  const key = `what.${action}`;
  return has(key) ? t(key) : visible(action);
}

export function filterBar() {
  return html`<div class="chips open" role="group" aria-label=${t('filters')}>
    ${person('actor_id', 'actor')}${person('subject_id', 'subject')}${actionChoice()}${days()}
    ${isFiltered() ? clearButton() : null}</div>`;
}

function isFiltered() {
  return NAMES.some((name) => query.value.has(name));
}

/** Takes all filters away. */
export function clearButton() {
  const clear = () => setQuery(Object.fromEntries(NAMES.map((name) => [name, null])), { push: true });
  return isFiltered() ? html`<button type="button" class="link" @click=${clear}>${t('clear')}</button>` : null;
}

/**
 * @param {'actor_id' | 'subject_id'} name
 * @param {'actor' | 'subject'} key
 */
function person(name, key) {
  const id = query.value.get(name);
  const choose = async () => {
    const chosen = await pickPerson({ title: t(`pick.${key}`) });
    if (typeof chosen !== 'object') return;
    remember(chosen);
    setQuery({ [name]: chosen.id }, { push: true });
  };
  const found = id ? find(id) : null;
  const who = found?.is === 'known' ? nameOf(found.user) : t('someone');
  return chip(id ? t(`${key}.of`, { name: who }) : t(key), Boolean(id), choose, { [name]: null });
}

function actionChoice() {
  const value = query.value.get('action') ?? '';
  const set = (/** @type {any} */ event) => setQuery({ action: event.target.value }, { push: true });
  const all = ['', ...ACTIONS, ...(value && !ACTIONS.includes(value) ? [value] : [])];
  return html`<label class="chip select ${value ? 'on' : ''}"><span class="sr-only">${t('action')}</span>
    <select @change=${set}>${all.map((one) => html`<option value=${one} .selected=${live(one === value)}>${whatOf(one)}</option>`)}</select></label>`;
}

function days() {
  const [from, to] = [query.value.get('from') ?? '', query.value.get('to') ?? ''].map(visible);
  const text = from && to ? t('days.both', { from, to }) : from ? t('days.since', { from }) : to ? t('days.until', { to }) : t('days');
  return chip(text, Boolean(from || to), pickDays, { from: null, to: null });
}

function pickDays() {
  /** @type {(result?: undefined) => void} */
  let done = () => {};
  const form = new Form({ from: query.peek().get('from') ?? '', to: query.peek().get('to') ?? '' }, async (values) => {
    setQuery(values, { push: true });
    done();
  });
  return openDialog({
    title: t('days.title'),
    view: (close) => {
      done = close;
      return form.view({
        fields: html`${form.field('from', { label: t('days.from'), type: 'date' })}${form.field('to', { label: t('days.to'), type: 'date' })}`,
        action: t('apply'),
      });
    },
  });
}

/**
 * A button that opens a filter, and one that takes it away.
 * @param {string} text
 * @param {boolean} isSet
 * @param {() => unknown} open
 * @param {import('../../router.js').Query} without
 */
function chip(text, isSet, open, without) {
  const drop = () => setQuery(without, { push: true });
  return html`<span class="chip-pair ${isSet ? 'on' : ''}">
    <button type="button" class="chip" aria-haspopup="dialog" @click=${open}><bdi>${text}</bdi></button>
    ${isSet ? html`<button type="button" class="chip-clear" aria-label=${t('drop', { what: text })} @click=${drop}>${icon('close')}</button>` : null}</span>`;
}
