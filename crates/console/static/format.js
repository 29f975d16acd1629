// @ts-check
// Values as people read them.
import { html } from './html.js';
import { locale, t } from './text.js';

const DAY = 86_400_000;
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long' });
const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });

/** Characters that turn the direction, or that nobody sees: controls, bidi marks and overrides, zero widths, tags. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu;

/**
 * The text with each deceiving character as its code, so that `U+202E` turns nothing around.
 * @param {string} value
 * @returns {string}
 */
export function visible(value) {
  return value.replace(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

/**
 * Text that somebody typed. It keeps its own direction and stays inside its place.
 * @param {string | null | undefined} value
 */
export function words(value) {
  return value ? html`<bdi class="words">${visible(value)}</bdi>` : html`<span class="muted">${t('value.none')}</span>`;
}

/**
 * What to call a person in a sentence.
 * @param {{ display_name?: string | null, email?: string, phone?: string | null }} person
 * @returns {string}
 */
export function nameOf(person) {
  return visible(person.display_name || person.email || (person.phone ? grouped(person.phone) : ''));
}

/**
 * A phone: grouped for reading, copied as E.164, a tap calls.
 * @param {string | null | undefined} value
 */
export function phone(value) {
  if (!value) return words(null);
  return html`<a class="phone" href="tel:${value}" data-phone=${value} dir="ltr">${grouped(value)}</a>`;
}

/**
 * @param {string} value E.164, such as `+998901234567`.
 * @returns {string} `+998 90 123 45 67`
 */
export function grouped(value) {
  const country = /^\+(1|7|2[07]|3[0123469]|4[013456789]|5[12345678]|6[0123456]|8[12469]|9[0123458]|\d{3})(\d{4,})$/.exec(value);
  if (!country) return visible(value);
  const [, code = '', rest = ''] = country;
  const sizes = { 7: [3, 4], 8: [4, 4], 9: [2, 3, 2, 2], 10: code === '1' ? [3, 3, 4] : [3, 3, 2, 2] }[rest.length];
  return [`+${code}`, ...pieces(rest, sizes ?? [3, 3, 3, 3, 3])].join('\u00a0');
}

/**
 * @param {string} digits
 * @param {number[]} sizes
 */
function pieces(digits, sizes) {
  let at = 0;
  return sizes.map((size) => digits.slice(at, (at += size))).filter((piece) => piece !== '');
}

/** Whoever copies a phone out of the page gets it as E.164. */
export function copyPhones() {
  document.addEventListener('copy', (event) => {
    const node = getSelection()?.anchorNode;
    const element = node instanceof Element ? node : node?.parentElement;
    const whole = element?.closest('[data-phone]');
    const focus = getSelection()?.focusNode ?? null;
    if (!(whole instanceof HTMLElement) || !whole.contains(focus) || !whole.dataset.phone) return;
    event.clipboardData?.setData('text/plain', whole.dataset.phone);
    event.preventDefault();
  });
}

/**
 * A time in the zone and language of the reader, with the exact time in its title.
 * @param {string | null | undefined} value RFC 3339.
 */
export function time(value) {
  if (!value) return words(null);
  const at = new Date(value);
  return html`<time datetime=${value} title=${exact.format(at)}>${when(at)}</time>`;
}

/**
 * `yesterday 14:03`, or the date.
 * @param {Date} at
 * @returns {string}
 */
export function when(at) {
  const days = Math.round((midnight(at) - midnight(new Date())) / DAY);
  const day = Math.abs(days) < 7 ? relative.format(days, 'day') : date.format(at);
  return `${day} ${clock.format(at)}`;
}

/** @param {Date} at */
function midnight(at) {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}

/** @param {number} value */
export function number(value) {
  return value.toLocaleString(locale);
}
