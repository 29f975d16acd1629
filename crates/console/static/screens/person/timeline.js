// @ts-check
// What happened to a person, newest first.
import { html, repeat } from '../../html.js';
import { empty } from '../../ui/notice.js';
import { Pages } from '../../ui/pages.js';
import { readEvents } from '../events/read.js';
import { entry } from '../events/words.js';
import { t } from './text.js';

const AT_ONCE = 30;

/**
 * @param {string} id
 * @returns {{ view: () => unknown, restart: () => Promise<void>, close: () => void }}
 */
export function timeline(id) {
  const pages = new Pages((cursor, signal) => readEvents({ subject_id: id, limit: AT_ONCE, cursor }, signal));
  return {
    view: () => pages.view(
      (items) => html`<ol class="timeline">${repeat(items, ({ id: event }) => event, (event) => html`<li>${entry(event, id)}</li>`)}</ol>`,
      empty(t('activity.empty')),
    ),
    restart: () => pages.restart(),
    close: () => pages.close(),
  };
}
