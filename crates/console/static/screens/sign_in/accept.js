// @ts-check
import { begin } from '../../session.js';
import { t } from '../../text.js';

/** @typedef {import('../../types.js').components['schemas']} Schemas */
/** @typedef {Schemas['CodeSent']} Sent */

/**
 * Goes on with what a sign-in, a sign-up or a code was answered with.
 * @param {Schemas['SignedIn'] | Sent | Schemas['ApprovalRequired']} answer
 * @param {import('../sign_in.js').Way} way
 */
export async function accept(answer, way) {
  if (answer.status === 'signed_in') await begin(answer);
  else if (answer.status === 'code_sent') await way.toCode(answer);
  else way.toWaiting(t('sign_in.waiting_text'));
}
