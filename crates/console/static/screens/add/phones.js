// @ts-check
// A number out of whatever was pasted. The API judges it; this only finds it and shows what will be saved.
import { PLACE } from '../../base.js';
import { grouped } from '../../format.js';

const KEPT = `${PLACE} country`;

/** Zeros of the scripts whose digits keyboards of phones type, beside those that NFKC turns into ASCII. */
const ZEROS = [0x0660, 0x06f0, 0x0966, 0x09e6];

/** @param {string} text */
function ascii(text) {
  return text.normalize('NFKC').replace(/[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef]/g, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    return String(code - Math.max(...ZEROS.filter((zero) => zero <= code)));
  });
}

/**
 * The number in a text such as `WhatsApp: 00998 (90) 123-45-67, Aziza`.
 * @param {string} text
 * @returns {string} E.164 if it seems to be a number, else the text as it is, for the API to refuse.
 */
export function found(text) {
  // `(0)` is not dialled from abroad. Marks that nobody sees come along from address books.
  const plain = ascii(text).replace(/[\p{Cf}]/gu, '').replace(/([+\d][\d\s]*)\(0\)/u, '$1');
  const run = /[+]?[(]?\+?\d[\d\s().\-\p{Pd}/]*\d/u.exec(plain)?.[0] ?? '';
  const digits = run.replace(/\D/g, '');
  if (digits.length < 5) return text.trim();
  if (run.includes('+')) return `+${digits}`;
  if (digits.startsWith('00')) return `+${digits.slice(2)}`;
  return withCountry(digits);
}

/**
 * @param {string} digits
 * @returns {string} With the country code of the number that was saved before it, or that of most
 *   customers; the digits alone if there was none.
 */
function withCountry(digits) {
  const country = localStorage.getItem(KEPT) ?? '';
  const code = country.slice(1);
  // Eleven digits and more are rarely a number without its country. What is saved is shown before.
  if (!code) return digits.length > 10 && !digits.startsWith('0') ? `+${digits}` : digits;
  if (digits.startsWith(code) && digits.length >= code.length + 8) return `+${digits}`;
  return country + digits.replace(/^0+/, '');
}

/** @param {string} phone E.164: the next number without a country code is of this country. */
export function rememberCountry(phone) {
  const country = countryOf(phone);
  if (country) localStorage.setItem(KEPT, country);
}

/** @param {string[]} phones If no number was saved before, the country of most of these counts. */
export function guessCountry(phones) {
  if (localStorage.getItem(KEPT)) return;
  const countries = phones.map(countryOf);
  const times = (/** @type {string} */ one) => countries.filter((other) => other === one).length;
  const [most] = countries.toSorted((a, b) => times(b) - times(a));
  if (most) localStorage.setItem(KEPT, most);
}

/** @param {string} phone */
function countryOf(phone) {
  return /^\+\d{1,3}(?=\u00a0)/.exec(grouped(phone))?.[0] ?? '';
}

/**
 * Whether it is a number but for its country code.
 * @param {string} phone
 */
export function lacksCountry(phone) {
  return /^\d{6,}$/.test(phone);
}

/**
 * Whether it can be asked about: the API takes 7 to 15 digits.
 * @param {string} phone
 */
export function isWhole(phone) {
  return /^\+[1-9]\d{6,14}$/.test(phone);
}
