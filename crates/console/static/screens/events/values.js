// @ts-check
// What changed in an event: each field before and after.
import { grouped, time, visible } from '../../format.js';
import { html } from '../../html.js';
import { named } from '../../text.js';
import { isObject, isSame, write } from './exact.js';
import { person } from './people.js';
import { has, t } from './text.js';

/** @typedef {import('../../types.js').components['schemas']['AuditEvent']} AuditEvent */
/** @typedef {{ field: string, from: unknown, to: unknown }} Change */

/** The text that an erasure leaves in the place of a personal value. */
const ERASED = '[erased]';
/** Fields that hold a person, and who it is for a reader who may not see them. */
const PEOPLE = { created_by: 'colleague', assigned_manager_id: 'manager' };
const LONGEST = 400;

/**
 * The fields in the order of a card; members of `metadata` one by one.
 * @param {AuditEvent} event
 * @returns {Change[]}
 */
export function changesOf(event) {
  return Object.entries(event.changes).flatMap(([field, { from, to }]) => {
    const pair = { from: /** @type {unknown} */ (from), to: /** @type {unknown} */ (to) };
    if (field !== 'metadata' || !isObject(pair.from ?? {}) || !isObject(pair.to ?? {})) return [{ field, ...pair }];
    return members(/** @type {any} */ (pair.from ?? {}), /** @type {any} */ (pair.to ?? {}));
  });
}

/**
 * @param {Record<string, unknown>} from
 * @param {Record<string, unknown>} to
 * @returns {Change[]}
 */
function members(from, to) {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  return names
    .filter((name) => !isSame(from[name], to[name]))
    .map((name) => ({ field: `metadata/${name}`, from: from[name], to: to[name] }));
}

/**
 * What a field is called.
 * @param {string} field
 * @returns {string}
 */
export function fieldName(field) {
  if (field.startsWith('metadata/')) return visible(field.slice('metadata/'.length));
  const key = `field.${field}`;
  return has(key) ? t(key) : visible(field);
}

/**
 * `+998… → +998…`
 * @param {Change} change
 */
export function beforeAfter({ field, from, to }) {
  const after = value(field, to);
  if (from === null || from === undefined) return html`<span class="after">${after}</span>`;
  return html`<span class="before">${value(field, from)}</span><span class="became"> <span aria-hidden="true">→</span><span class="sr-only">${t('value.to')}</span> </span><span class="after">${after}</span>`;
}

/**
 * A value as its field reads.
 * @param {string} field
 * @param {unknown} given
 */
export function value(field, given) {
  if (given === null || given === undefined || given === '' || Array.isArray(given) && given.length === 0) return html`<span class="muted">${t(field === 'verified_at' ? 'value.unproven' : 'value.nothing')}</span>`;
  if (given === ERASED) return html`<span class="muted">${t('value.erased')}</span>`;
  if (field === 'is_active') return named('status', given === true ? 'active' : 'inactive');
  if (typeof given === 'boolean') return t(given ? 'value.yes' : 'value.no');
  if (typeof given !== 'string') return html`<bdi class="words">${short(Array.isArray(given) && given.every((one) => typeof one === 'string') ? given.join(', ') : write(given))}</bdi>`;
  if (isPerson(field)) return person(given, PEOPLE[field]);
  if (field === 'phone') return html`<bdi dir="ltr" class="nowrap" data-phone=${given}>${grouped(given)}</bdi>`;
  if (field === 'role') return named('role', given);
  if (field === 'verification_method') return named('channel', given);
  if (field.endsWith('_at') && !Number.isNaN(Date.parse(given))) return time(given);
  return html`<bdi class="words">${short(given)}</bdi>`;
}

/**
 * @param {string} field
 * @returns {field is keyof typeof PEOPLE}
 */
function isPerson(field) {
  return Object.hasOwn(PEOPLE, field);
}

/** @param {string} text */
function short(text) {
  const shown = visible(text);
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown;
}
