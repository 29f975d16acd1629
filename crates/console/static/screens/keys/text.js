// @ts-check
import { textsOf } from '../../text.js';

/** @type {import('../../text.js').Texts<typeof import('../../text/en/keys.js').default>} */
const texts = await textsOf('keys');

/** The words of API keys. */
export const { t } = texts;
