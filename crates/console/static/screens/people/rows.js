// @ts-check
// People as a table at a desk and as cards on a phone.
import { nameOf } from '../../format.js';
import { html, repeat } from '../../html.js';
import { href, query, setQuery } from '../../router.js';
import { signal } from '../../state.js';
import { Chunks } from '../../ui/chunks.js';
import { status } from '../../ui/notice.js';
import { columns, label, value } from './columns.js';
import { openRow } from './open_row.js';
import { t } from './text.js';

/** @typedef {import('../../session.js').User} User */

const desk = matchMedia('(min-width: 64rem)');
const isAtDesk = signal(desk.matches);
desk.addEventListener('change', () => (isAtDesk.value = desk.matches));

/** The rows of a list. */
export class Rows {
  constructor() {
    this.lines = new Chunks('tbody', 'rowgroup', lines);
    this.cards = new Chunks('div', 'none', cards);
  }

  /** @param {User[]} people */
  view(people) {
    if (!isAtDesk.value) return html`<div class="rows people-cards" role="list">${this.cards.view(people)}</div>`;
    const shown = columns.value;
    return html`
    <div class="table-wrap people-table"><table role="table" data-columns=${shown.join(' ')} data-count=${shown.length}>
      <caption class="sr-only">${t('people.title')}</caption>
      <thead role="rowgroup"><tr role="row">${sortable('display_name', t('field.display_name'))}<th role="columnheader" scope="col">${t('people.status')}</th>
        ${shown.map((name) => (name === 'created_at' ? sortable(name, label(name)) : html`<th role="columnheader" scope="col">${label(name)}</th>`))}</tr></thead>
      ${this.lines.view(people)}
    </table></div>`;
  }

  /** The visitor leaves. */
  close() {
    this.lines.close();
    this.cards.close();
  }
}

/** @param {User[]} people */
function lines(people) {
  const shown = columns.value;
  return repeat(people, ({ id }) => id, (person) => html`
    <tr role="row" @click=${(/** @type {MouseEvent} */ event) => openRow(event, person)}>
      <th role="rowheader" scope="row">${link(person)}</th><td role="cell">${status(person.is_active)}</td>
      ${shown.map((name) => html`<td role="cell">${value(name, person)}</td>`)}
    </tr>`);
}

/**
 * A heading that sorts, and turns the order around when it is pressed again.
 * @param {'display_name' | 'created_at'} name
 * @param {string} text
 */
function sortable(name, text) {
  const sort = query.value.get('sort') ?? '-created_at';
  const order = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : 'none';
  const first = name === 'created_at' ? `-${name}` : name;
  const next = sort === first ? (first === name ? `-${name}` : name) : first;
  const arrow = { ascending: '↑', descending: '↓', none: '' }[order];
  return html`<th role="columnheader" scope="col" aria-sort=${order}><button type="button" class="sorter" @click=${() => sortBy(next)}>${text}<span aria-hidden="true">${arrow}</span></button></th>`;
}

/** @param {string} sort */
function sortBy(sort) {
  setQuery({ sort: sort === '-created_at' ? null : sort }, { push: true });
}

/** @param {User[]} people */
function cards(people) {
  const shown = columns.value;
  const others = shown.filter((name) => name !== 'role' && name !== 'contact');
  return repeat(people, ({ id }) => id, (person) => {
    const lines = others.filter((name) => name in person);
    return html`
    <div class="row" role="listitem" @click=${(/** @type {MouseEvent} */ event) => openRow(event, person)}>
      <div class="grow">
        <div class="card-head">${link(person)}${status(person.is_active)}</div>
        <div class="card-about muted">${shown.includes('role') ? html`<span>${value('role', person)}</span>` : null}
          ${shown.includes('contact') && person.display_name ? value('contact', person) : null}</div>
        ${lines.length > 0 ? html`<dl class="card-lines">${lines.map((name) => html`<div><dt>${label(name)}</dt><dd>${value(name, person)}</dd></div>`)}</dl>` : null}
      </div>
    </div>`;
  });
}

/** @param {User} person */
function link(person) {
  return html`<a class="person-link" data-row href=${href(`people/${person.id}`)}><bdi class="words">${nameOf(person)}</bdi></a>`;
}
