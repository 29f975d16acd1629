// @ts-check
// The words of these screens, which are loaded with them, and those of everywhere.
import { t as everywhere, textsOf } from '../../text.js';

/** @typedef {keyof typeof import('../../text/en/people.js').default} OwnKey */
/** @typedef {import('../../text.js').TextKey} TextKey */

/** @type {import('../../text.js').Texts<typeof import('../../text/en/people.js').default>} */
const own = await textsOf('people');

/**
 * @param {OwnKey | TextKey} key
 * @param {import('../../text.js').Values} [values]
 * @returns {string}
 */
export function t(key, values) {
  return own.has(key) ? own.t(key, values) : everywhere(/** @type {TextKey} */ (key), values);
}
