// @ts-check
// A manager leaves: who it is. What happens to their customers is in `leaver/plan.js`.
import { api } from '../api.js';
import { nameOf, words } from '../format.js';
import { html, repeat } from '../html.js';
import { href, query, setQuery } from '../router.js';
import { empty, status } from '../ui/notice.js';
import { listing } from './people/listing.js';
import { learn } from './people/names.js';
import { SearchField } from './people/search_field.js';
import { openPlan } from './leaver/plan.js';
import { t } from './people/text.js';

/** @typedef {import('../session.js').User} User */

/**
 * @param {{ params: Record<string, string> }} context
 * @returns {import('../screens.js').Screen}
 */
export function open({ params }) {
  return params.id ? openPlan(params.id) : openChoice();
}

/** @returns {import('../screens.js').Screen} */
function openChoice() {
  const { pages, ready, close } = listing(
    async (filters, signal) => {
      const { body } = await api.get('/users/', { query: { ...filters, role: 'manager', sort: 'display_name' }, signal });
      learn(body.items);
      return body;
    },
    (values) => {
      const q = values.get('q');
      return q ? { q } : {};
    },
  );
  const search = new SearchField(t('people.search_staff'), (q) => setQuery({ q }));
  return {
    title: () => t('leaver.title'),
    ready,
    view: () => html`<div class="narrow">
      <p class="lead">${t('leaver.who')}</p>
      <div class="toolbar">${search.view(query.value.get('q') ?? '')}</div>
      <div class="listed">${pages.view(managers, empty(t(query.value.has('q') ? 'people.nobody' : 'leaver.no_managers')))}</div>
    </div>`,
    close: () => {
      close();
      search.close();
    },
  };
}

/** @param {User[]} people */
function managers(people) {
  return html`<ul class="rows">${repeat(people, ({ id }) => id, (one) => html`
    <li><a class="row" data-row href=${href(`leaver/${one.id}`)}>
      <span class="grow"><bdi class="words person-name">${nameOf(one)}</bdi><span class="muted small block">${words('email' in one ? one.email : null)}</span></span>
      ${status(one.is_active)}</a></li>`)}</ul>`;
}
