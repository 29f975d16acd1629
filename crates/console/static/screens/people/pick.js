// @ts-check
// A dialog to choose a person from those whom a search finds.
import { api } from '../../api.js';
import { nameOf, words } from '../../format.js';
import { html, repeat } from '../../html.js';
import { openDialog } from '../../ui/dialog.js';
import { empty, status } from '../../ui/notice.js';
import { Pages } from '../../ui/pages.js';
import { learn } from './names.js';
import { SearchField } from './search_field.js';
import { t } from './text.js';

/** @typedef {import('../../session.js').User} User */
/** @typedef {import('./listing.js').Filters} Filters */

/**
 * @param {{ title: string, filters?: Filters, others?: Array<[value: string, label: string]> }} options
 *   `others` are choices that are nobody, such as `none`.
 * @returns {Promise<User | string | undefined>} A person, the value of another choice, or nothing if it was dismissed.
 */
export async function pickPerson({ title, filters = {}, others = [] }) {
  let q = '';
  const pages = new Pages(async (cursor, signal) => {
    const query = { sort: /** @type {const} */ ('display_name'), limit: 50, ...filters, ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) };
    const { body } = await api.get('/users/', { query, signal });
    learn(body.items);
    return body;
  });
  const search = new SearchField(t('people.search_staff'), (text) => {
    q = text;
    void pages.restart();
  });
  void pages.restart();
  const chosen = await openDialog({
    title,
    view: (/** @type {(result?: User | string) => void} */ close) => html`
      <div @keydown=${arrows}>
        ${search.view(q)}
        <ul class="picks">
          ${others.map(([value, label]) => html`<li><button type="button" class="pick" data-row @click=${() => close(value)}>${label}</button></li>`)}
        </ul>
        ${pages.view((people) => html`<ul class="picks">${repeat(people, ({ id }) => id, (one) => pick(one, close))}</ul>`, empty(t('people.nobody')))}
      </div>`,
  });
  pages.close();
  search.close();
  return chosen;
}

/**
 * @param {User} person
 * @param {(result: User) => void} close
 */
function pick(person, close) {
  const about = 'email' in person ? person.email : null;
  return html`<li><button type="button" class="pick" data-row @click=${() => close(person)}>
    <span class="grow"><bdi>${nameOf(person)}</bdi>${about && person.display_name ? html`<span class="muted small">${words(about)}</span>` : null}</span>
    ${person.is_active ? null : status(false)}</button></li>`;
}

/** @param {KeyboardEvent} event The arrows go through the choices. */
function arrows(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const here = event.target instanceof Element ? event.target.closest('[data-row]') : null;
  if (!by || !here) return;
  const rows = [...(here.closest('dialog')?.querySelectorAll('[data-row]') ?? [])];
  const next = rows[rows.indexOf(here) + by];
  event.preventDefault();
  if (next instanceof HTMLElement) next.focus();
}
