// @ts-check
import { textsOf } from '../../text.js';

/** @type {import('../../text.js').Texts<typeof import('../../text/en/audit.js').default>} */
const texts = await textsOf('audit');

/** The words of the audit trail around its events. */
export const { t, has } = texts;
