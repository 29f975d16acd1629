// @ts-check
// A manager's customers, made for a thumb.
import { api } from '../api.js';
import { grouped, nameOf } from '../format.js';
import { html, repeat } from '../html.js';
import { href, query, setQuery } from '../router.js';
import { can } from '../session.js';
import { Chunks } from '../ui/chunks.js';
import { icon } from '../ui/icons.js';
import { empty, status } from '../ui/notice.js';
import { guessCountry } from './add/phones.js';
import { choice, sorts } from './people/choice.js';
import { listing } from './people/listing.js';
import { openRow } from './people/open_row.js';
import { SearchField } from './people/search_field.js';
import { t } from './people/text.js';

/** @typedef {import('../session.js').User} User */
/** @typedef {import('./people/listing.js').Filters} Filters */

/** @returns {import('../screens.js').Screen} */
export function open() {
  const { pages, ready, close } = listing(
    async (filters, signal) => {
      const { body } = await api.get('/users/managed-customers/', { query: filters, signal });
      guessCountry(body.items.flatMap(({ phone }) => phone ?? []));
      return body;
    },
    filtersOf,
  );
  const chunks = new Chunks('div', 'none', cards);
  const search = new SearchField(t('customers.search'), (q) => setQuery({ q }));
  return {
    title: () => t('customers.title'),
    actions: add,
    ready,
    view: () => html`
      <div class="toolbar">${search.view(query.value.get('q') ?? '')}</div>
      <div class="chips open" role="group" aria-label=${t('people.filters')}>
        ${choice('is_active', t('people.status'), [['', t('people.any_status')], ['true', t('status.active')], ['false', t('status.inactive')]])}
        ${choice('sort', t('people.sort'), sorts(), 'display_name')}
      </div>
      <div class="listed" aria-busy=${pages.isAnew()}>${pages.view((people) => html`<div class="rows customers" role="list">${chunks.view(people)}</div>`, nobody())}</div>`,
    close: () => {
      close();
      chunks.close();
      search.close();
    },
  };
}

/**
 * @param {URLSearchParams} values
 * @returns {Filters}
 */
function filtersOf(values) {
  const [q, isActive] = [values.get('q'), values.get('is_active')];
  const sort = /** @type {NonNullable<Filters['sort']>} */ (values.get('sort') ?? 'display_name');
  return { sort, ...(q ? { q } : {}), ...(isActive ? { is_active: isActive === 'true' } : {}) };
}

/** @param {User[]} people */
function cards(people) {
  return repeat(people, ({ id }) => id, (person) => html`
    <div class="row" role="listitem" @click=${(/** @type {MouseEvent} */ event) => openRow(event, person)}>
      <div class="grow">
        <div class="card-head"><a class="person-link" data-row href=${href(`people/${person.id}`)}><bdi class="words">${nameOf(person)}</bdi></a>${status(person.is_active)}</div>
        ${person.phone && person.display_name ? html`<div class="muted"><span class="phone" data-phone=${person.phone} dir="ltr">${grouped(person.phone)}</span></div>` : null}
      </div>
      ${person.phone ? reachBy(person.phone, nameOf(person)) : null}
    </div>`);
}

/**
 * @param {string} phone E.164.
 * @param {string} name
 */
function reachBy(phone, name) {
  return html`<div class="reach">
    <a class="button icon-only" href="tel:${phone}" aria-label=${t('customers.call', { name })}>${icon('phone')}</a>
    <a class="button icon-only" href="https://wa.me/${phone.slice(1)}" target="_blank" rel="noopener noreferrer" aria-label=${t('customers.whatsapp', { name })}>${icon('chat')}</a>
  </div>`;
}

function add() {
  return can('create_customer') ? html`<a class="button primary" href=${href('customers/new')}>${icon('add')}${t('people.add')}</a>` : null;
}

function nobody() {
  const isSearched = query.value.has('q') || query.value.has('is_active');
  if (!isSearched) return empty(t('customers.empty'), add());
  return empty(t('customers.nobody'), html`<button type="button" @click=${() => setQuery({ q: null, is_active: null }, { push: true })}>${t('people.clear_all')}</button>`);
}
