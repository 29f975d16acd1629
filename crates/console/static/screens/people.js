// @ts-check
// Everyone: found, filtered, sorted, page by page.
import { api } from '../api.js';
import { html } from '../html.js';
import { href, query, setQuery } from '../router.js';
import { can } from '../session.js';
import { icon } from '../ui/icons.js';
import { empty } from '../ui/notice.js';
import { chips, clearFilters, filterButton, isFiltered } from './people/filters.js';
import { filtersOf, listing } from './people/listing.js';
import { learn, readManagers } from './people/names.js';
import { Rows } from './people/rows.js';
import { SearchField } from './people/search_field.js';
import { t } from './people/text.js';

/** @returns {import('../screens.js').Screen} */
export function open() {
  const { pages, ready, close } = listing(async (filters, signal) => {
    const [{ body }] = await Promise.all([api.get('/users/', { query: filters, signal }), readManagers()]);
    learn(body.items.filter(({ role }) => role !== 'customer'));
    return body;
  }, filtersOf);
  const rows = new Rows();
  const search = new SearchField(t('people.search'), (q) => setQuery({ q }));
  return {
    title: () => t('people.title'),
    actions,
    ready,
    view: () => html`
      <div class="toolbar">
        ${search.view(query.value.get('q') ?? '')}
        ${filterButton()}
        <button type="button" class="columns-button" aria-haspopup="dialog" @click=${async () => (await import('./people/column_choice.js')).chooseColumns()}>${icon('columns')}<span>${t('people.columns')}</span></button>
      </div>
      ${chips()}
      <div class="listed" aria-busy=${pages.isAnew()}>${pages.view((people) => rows.view(people), nobody())}</div>`,
    close: () => {
      close();
      rows.close();
      search.close();
    },
  };
}

function actions() {
  const shown = Object.fromEntries(query.value);
  const manager = query.value.get('assigned_manager_id');
  const handsOver = manager && manager !== 'none' && can('assign_customer');
  return html`${handsOver ? html`<a class="button" href=${href(`leaver/${manager}`)}>${icon('handover')}${t('people.hand_over')}</a>` : null}${can('import_and_export') ? html`<a class="button" href=${href('files', shown)}>${icon('download')}${t('people.export')}</a>` : null}${add()}`;
}

function add() {
  return can('create_customer') ? html`<a class="button primary" href=${href('people/new')}>${icon('add')}${t('people.add')}</a>` : null;
}

function nobody() {
  if (!isFiltered()) return empty(t('people.empty'), add());
  return empty(t('people.nobody'), html`<button type="button" @click=${() => clearFilters(true)}>${t('people.clear_all')}</button>`);
}
