// @ts-check
// Who did what to whom, newest first.
import { html, repeat } from '../html.js';
import { href, path, query } from '../router.js';
import { effect, untracked } from '../state.js';
import { Chunks } from '../ui/chunks.js';
import { empty } from '../ui/notice.js';
import { Pages } from '../ui/pages.js';
import { clearButton, filterBar, filtersOf, whatOf } from './audit/filters.js';
import { t } from './audit/text.js';
import { readEvents } from './events/read.js';
import { entry } from './events/words.js';

/** @typedef {import('../types.js').components['schemas']['AuditEvent']} AuditEvent */

const PAGE = 50;

/** @returns {import('../screens.js').Screen} */
export function open() {
  const here = path.peek();
  let asked = '';
  const pages = new Pages((cursor, signal) => readEvents({ ...filtersOf(query.peek()), limit: PAGE, cursor }, signal));
  const chunks = new Chunks('div', 'none', rows);
  /** @type {Promise<void> | undefined} */
  let ready;
  const follow = effect(() => {
    const now = JSON.stringify(filtersOf(query.value));
    if (now === asked && ready || path.peek() !== here) return;
    asked = now;
    const restarted = untracked(() => pages.restart());
    ready ??= restarted;
  });
  return {
    title: () => t('title'),
    ready: ready ?? Promise.resolve(),
    view: () => html`
      ${filterBar()}
      <div class="listed" aria-busy=${pages.isAnew()}>
        ${pages.view((events) => html`<div class="rows events" role="list">${chunks.view(events)}</div>`, empty(t('nothing'), clearButton()))}
      </div>`,
    close: () => {
      follow();
      chunks.close();
      pages.close();
    },
  };
}

/** @param {AuditEvent[]} events */
function rows(events) {
  return repeat(events, ({ id }) => id, row);
}

/** @param {AuditEvent} event */
function row(event) {
  const what = whatOf(event.action);
  const only = href('audit', { ...Object.fromEntries(query.value), action: event.action });
  return html`<div class="event" role="listitem" tabindex="-1" data-row>${entry(event)}
    <a class="event-action" href=${only} aria-label=${t('only', { what })}>${what}</a></div>`;
}
