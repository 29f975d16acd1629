// @ts-check
import { textsOf } from '../../text.js';

/** @type {import('../../text.js').Texts<typeof import('../../text/en/events.js').default>} */
const texts = await textsOf('events');

/** The words of events. */
export const { t, has } = texts;
