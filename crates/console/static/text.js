// @ts-check
import en from './text/en.js';

/** @typedef {keyof typeof en} TextKey */
/** @typedef {Record<string, string | number>} Values */
/**
 * The words of a screen: `t` as below, and whether there is a text of this key.
 * @template T
 * @typedef {{ t: (key: keyof T & string, values?: Values) => string, has: (key: string) => key is keyof T & string }} Texts
 */

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
  return filled(texts[key], values);
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

/**
 * The words of a screen, which are loaded with it: `text/<language>/<name>.js`.
 * @param {string} name
 * @returns {Promise<any>} The `Texts` of that module.
 */
export async function textsOf(name) {
  /** @type {Record<string, string | ((values: any) => string)>} */
  const own = (await import(`./text/${language}/${name}.js`)).default;
  return {
    t: (/** @type {string} */ key, /** @type {Values} */ values = {}) => filled(own[key] ?? key, values),
    has: (/** @type {string} */ key) => Object.hasOwn(own, key),
  };
}

/**
 * @param {string | ((values: any) => string)} text
 * @param {Values} values
 */
function filled(text, values) {
  if (typeof text === 'function') return text(values);
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @param {readonly string[]} wanted */
function pick(wanted) {
  const known = Object.keys(LANGUAGES);
  const found = wanted.map((tag) => tag.split('-')[0] ?? '').find((tag) => known.includes(tag));
  return /** @type {keyof typeof LANGUAGES} */ (found ?? 'en');
}
