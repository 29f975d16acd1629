// @ts-check
import { href, navigate } from '../../router.js';

/** @typedef {import('../../session.js').User} User */

/**
 * The whole row opens the person, unless the reader presses something in it or marks text.
 * @param {MouseEvent} event
 * @param {User} person
 */
export function openRow(event, person) {
  const isOther = event.target instanceof Element && event.target.closest('a, button');
  if (isOther || event.defaultPrevented || getSelection()?.toString()) return;
  const to = `people/${person.id}`;
  if (event.ctrlKey || event.metaKey) window.open(href(to), '_blank', 'noopener');
  else navigate(to);
}
