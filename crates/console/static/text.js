// @ts-check
import en from './text/en.js';

/** @typedef {keyof typeof en} TextKey */
/** @typedef {Record<string, string | number>} Values */

/** The languages, each a module with every key of `text/en.js`. A new one is a line here. */
const LANGUAGES = { en };

/** The language of the texts, and the locale of dates and numbers. */
export const language = pick(navigator.languages);
export const locale = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;

/** @type {Record<TextKey, string | ((values: any) => string)>} */
const texts = LANGUAGES[language];

/**
 * The text of this key, with `{name}` replaced by the values.
 * @param {TextKey} key
 * @param {Values} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const text = texts[key];
  if (typeof text === 'function') return text(values);
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * The text of a key that is made of a value, such as `role.admin`; the value itself if there is none.
 * @param {string} prefix
 * @param {string} value
 */
export function named(prefix, value) {
  const key = `${prefix}.${value}`;
  return key in texts ? t(/** @type {TextKey} */ (key)) : value;
}

/** @param {readonly string[]} wanted */
function pick(wanted) {
  const known = Object.keys(LANGUAGES);
  const found = wanted.map((tag) => tag.split('-')[0] ?? '').find((tag) => known.includes(tag));
  return /** @type {keyof typeof LANGUAGES} */ (found ?? 'en');
}
