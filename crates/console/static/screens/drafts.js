// @ts-check
// What somebody typed and has not saved yet. It survives leaving the screen and a session that ends in between, in the
// memory of this page, and only for the person who typed it.
import { session } from '../session.js';
import { effect } from '../state.js';
import { keepsUnsaved } from '../ui/unsaved.js';

/** @type {Map<string, any>} */
const kept = new Map();
let owner = '';

/**
 * @param {string} name Such as `person 018f…`.
 * @param {{ form: { id: string } }} draft
 */
export function keepDraft(name, draft) {
  kept.set(name, draft);
}

/**
 * @param {string} name
 * @returns {any} As it was kept, or `undefined`.
 */
export function draftOf(name) {
  return kept.get(name);
}

/** @param {string} name */
export function dropDraft(name) {
  kept.delete(name);
}

keepsUnsaved((isTouched) => [...kept.values()].some(({ form }) => isTouched(form.id)));

effect(() => {
  const now = session.value;
  const isOther = now.state === 'signed_in' && now.user.id !== owner;
  const hasLeft = now.state === 'anonymous' && now.reason === 'signed_out';
  if (isOther || hasLeft) kept.clear();
  if (now.state === 'signed_in') owner = now.user.id;
});
