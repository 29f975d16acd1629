// @ts-check
import { textsOf } from '../../text.js';

/** @type {import('../../text.js').Texts<typeof import('../../text/en/files.js').default>} */
const texts = await textsOf('files');

/** The words of files. */
export const { t } = texts;
