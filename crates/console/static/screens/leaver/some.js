// @ts-check
// Which customers go: all of the manager's, or those who are chosen here.
import { api } from '../../api.js';
import { grouped, nameOf } from '../../format.js';
import { html, live, repeat } from '../../html.js';
import { batch, signal } from '../../state.js';
import { icon } from '../../ui/icons.js';
import { empty } from '../../ui/notice.js';
import { Pages } from '../../ui/pages.js';
import { SearchField } from '../people/search_field.js';
import { t } from '../people/text.js';

/** @typedef {import('../../session.js').User} User */

export class Some {
  /**
   * @param {string} id The manager.
   * @param {(isSome: boolean) => void} changed
   */
  constructor(id, changed) {
    this.changed = changed;
    this.isSome = signal(false);
    this.chosen = signal(/** @type {User[]} */ ([]));
    this.q = '';
    this.customers = new Pages(async (cursor, aborted) => {
      const query = { assigned_manager_id: id, sort: /** @type {const} */ ('display_name'), limit: 50 };
      return (await api.get('/users/', { query: { ...query, ...(this.q ? { q: this.q } : {}), ...(cursor ? { cursor } : {}) }, signal: aborted })).body;
    });
    this.search = new SearchField(t('customers.search'), (q) => {
      this.q = q;
      void this.customers.restart();
    });
  }

  /** For the body of the handover: without the member, all go. */
  get ids() {
    return this.isSome.peek() ? { customer_ids: this.chosen.peek().map(({ id }) => id) } : {};
  }

  isComplete() {
    return !this.isSome.value || this.chosen.value.length > 0;
  }

  /** @param {boolean} isSome */
  set(isSome) {
    if (isSome && this.customers.state.peek() === 'first') void this.customers.restart();
    batch(() => {
      this.isSome.value = isSome;
      this.changed(isSome);
    });
  }

  /** @param {User} customer */
  toggle(customer) {
    const others = this.chosen.peek().filter(({ id }) => id !== customer.id);
    const wasChosen = others.length < this.chosen.peek().length;
    batch(() => {
      this.chosen.value = wasChosen ? others : [...others, customer];
      this.changed(true);
    });
  }

  view() {
    const isSome = this.isSome.value;
    const choice = (/** @type {boolean} */ value, /** @type {string} */ text) => html`
      <label class="option"><input type="radio" name="which" .checked=${live(isSome === value)} @change=${() => this.set(value)}><span class="option-name">${text}</span></label>`;
    return html`<fieldset class="options"><legend class="sr-only">${t('leaver.which')}</legend>
        ${choice(false, t('leaver.all'))}${choice(true, t('leaver.some'))}
      </fieldset>
      ${isSome ? this.list() : null}`;
  }

  list() {
    const chosen = this.chosen.value;
    const ids = new Set(chosen.map(({ id }) => id));
    const one = (/** @type {User} */ customer) => html`
      <li><label class="option"><input data-row type="checkbox" .checked=${live(ids.has(customer.id))} @change=${() => this.toggle(customer)}>
        <span class="grow"><bdi class="words">${nameOf(customer)}</bdi>${customer.phone && customer.display_name ? html`<span class="muted small block" dir="ltr">${grouped(customer.phone)}</span>` : null}</span></label></li>`;
    return html`
      <div class="chosen" role="status">${chosen.length === 0 ? html`<span class="muted">${t('leaver.none_of_them')}</span>` : chosen.map((customer) => html`
        <button type="button" class="chip" aria-label=${t('leaver.unchoose', { name: nameOf(customer) })} @click=${() => this.toggle(customer)}><bdi>${nameOf(customer)}</bdi>${icon('close')}</button>`)}</div>
      ${this.search.view(this.q)}
      <div class="receivers">${this.customers.view((items) => html`<ul class="checks-list">${repeat(items, ({ id }) => id, one)}</ul>`, empty(t('people.nobody')))}</div>`;
  }

  close() {
    this.customers.close();
    this.search.close();
  }
}
