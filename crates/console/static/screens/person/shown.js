// @ts-check
// Fields and values of a person as they are read.
import { grouped, phone, time, visible, words } from '../../format.js';
import { html, nothing } from '../../html.js';
import { named } from '../../text.js';
import { person } from '../events/people.js';
import { write } from '../events/exact.js';
import { has, t } from './text.js';

/** A longer note scrolls in its place. */
const LINES = 12;
const LONG = 600;

/**
 * What a field is called.
 * @param {string} field
 * @returns {string}
 */
export function label(field) {
  if (field.startsWith('metadata/')) return visible(field.slice('metadata/'.length));
  const key = `field.${field}`;
  return has(key) ? t(key) : field;
}

/**
 * The text with its hidden characters as codes, if it has any: a field to type in shows them as they act.
 * @param {string} text
 * @returns {string | null}
 */
export function unmasked(text) {
  const lines = text.split('\n').map(visible).join('\n');
  return lines === text ? null : t('value.hidden', { text: lines.slice(0, LONG) });
}

/**
 * A value with its links: a phone calls, a person opens.
 * @param {string} field
 * @param {unknown} value
 */
export function shown(field, value) {
  if (field === 'phone' && typeof value === 'string') return phone(value);
  if (field === 'email' && typeof value === 'string') return html`<a href="mailto:${encodeURIComponent(value)}">${words(value)}</a>`;
  return plain(field, value);
}

/**
 * A value without links but those to people.
 * @param {string} field
 * @param {unknown} value
 */
export function plain(field, value) {
  if (field.startsWith('metadata/')) return note(value);
  if (field === 'verified_at' && !value) return html`<span class="muted">${t('value.unproven')}</span>`;
  if (field === 'is_active') return named('status', value === true ? 'active' : 'inactive');
  if (value === null || value === undefined || value === '') return words(null);
  const text = String(value);
  if (field === 'phone') return html`<bdi dir="ltr" class="nowrap" data-phone=${text}>${grouped(text)}</bdi>`;
  if (field === 'assigned_manager_id') return person(text, 'manager');
  if (field === 'created_by') return person(text, 'colleague');
  if (field === 'verification_method') return named('channel', text);
  if (field === 'role') return named('role', text);
  if (field.endsWith('_at')) return time(text);
  if (field === 'id') return html`<code class="id">${text}</code>`;
  return words(text);
}

/** @param {unknown} value */
function note(value) {
  if (value === undefined) return html`<span class="muted">${t('value.absent')}</span>`;
  if (value === '') return words(null);
  const isText = typeof value === 'string';
  const lines = (isText ? value : write(value, '  ')).split('\n');
  const text = lines.map(visible).join('\n');
  // What scrolls has to take the focus, or a keyboard cannot scroll it.
  const isLong = lines.length > LINES || text.length > LONG;
  return html`<bdi class="words note ${isText ? '' : 'json'} ${isLong ? 'long' : ''}" dir=${isText ? 'auto' : 'ltr'} tabindex=${isLong ? 0 : nothing}>${text}</bdi>`;
}
