// @ts-check
import { textsOf } from '../../text.js';

/** @type {import('../../text.js').Texts<typeof import('../../text/en/person.js').default>} */
const texts = await textsOf('person');

/** The words of a person's screen. */
export const { t, has } = texts;
