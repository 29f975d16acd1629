// @ts-check
// What is known of a person, edited in place.
import { draftOf, dropDraft, keepDraft } from '../drafts.js';
import { html } from '../../html.js';
import { Problem } from '../../problem.js';
import { signal } from '../../state.js';
import { t as common } from '../../text.js';
import { icon } from '../../ui/icons.js';
import { notice } from '../../ui/notice.js';
import { toast } from '../../ui/toast.js';
import { cardOf, Edit } from './edit.js';
import { editView } from './edit_view.js';
import { mayChange } from './rights.js';
import { label, shown } from './shown.js';
import { t } from './text.js';
import { offerUndo } from './undo.js';

/** @typedef {import('./record.js').Record} Person */
/** @typedef {import('../../session.js').User} User */

const NOTES = 'metadata';
const RECORD = ['created_at', 'updated_at', 'verified_at', 'created_by', 'id'];

/**
 * @param {Person} record
 * @returns {{ view: (user: User) => unknown }}
 */
export function details(record) {
  const name = `person ${record.id}`;
  const editing = signal(/** @type {Edit | null} */ (draftOf(name) ?? null));
  let begun = '';
  const stop = () => {
    dropDraft(name);
    editing.value = null;
    focusOn(`[data-field="${begun}"]`, '[data-edit]');
  };
  const edit = (/** @type {Edit} */ one) => {
    one.save = () => save(record, one, stop);
    editing.value = one;
    keepDraft(name, one);
  };
  const start = (/** @type {string} */ field) => {
    const base = record.state.peek();
    if (!base) return;
    begun = field;
    edit(new Edit(base));
    focusOn(`.person-form [name="${field}"]`, field === NOTES ? '.note-row input, .notes-foot button' : '.person-form :is(input, select, button)');
  };
  const found = editing.peek();
  if (found) {
    found.found();
    edit(found);
  }
  return {
    view: (user) => {
      const now = editing.value;
      if (now) return html`${now.isFound ? draftNotice(stop) : null}<div class="card">${editView(now, stop)}</div>`;
      return html`<div class="facts-grid">${about(user, start)}${'metadata' in user ? notes(user, start) : null}${recordOf(user)}</div>`;
    },
  };
}

/** @param {() => void} discard */
function draftNotice(discard) {
  return notice(html`${t('details.draft')} <button type="button" class="link" @click=${discard}>${t('details.discard')}</button>`);
}

/**
 * @param {string} wanted
 * @param {string} otherwise
 */
function focusOn(wanted, otherwise) {
  requestAnimationFrame(() => {
    const found = document.querySelector(wanted) ?? document.querySelector(otherwise);
    if (found instanceof HTMLElement) found.focus();
  });
}

/**
 * @param {Person} record
 * @param {Edit} edit
 * @param {() => void} stop
 */
async function save(record, edit, stop) {
  if (edit.notes && !edit.notes.check()) {
    requestAnimationFrame(() => /** @type {HTMLElement | null} */ (document.querySelector('.note-row [aria-invalid="true"]'))?.focus());
    return false;
  }
  const wanted = edit.wanted();
  if (wanted.size === 0) {
    stop();
    toast(t('details.unchanged'));
    return true;
  }
  try {
    const done = await record.save(edit.base, wanted);
    if (!done) return false;
    stop();
    const text = done.others.length > 0 ? t('details.saved_others', { fields: done.others.map(label).join(', ') }) : t('details.saved');
    offerUndo(record, done, text);
    return true;
  } catch (error) {
    const problem = Problem.from(error);
    edit.notes?.refuse(problem.errors);
    throw atField(problem);
  }
}

/**
 * A taken contact stands at its field.
 * @param {Problem} problem
 */
function atField(problem) {
  const field = { phone_taken: 'phone', email_taken: 'email' }[problem.code];
  if (!field || problem.errors.length > 0) return problem;
  return new Problem(problem.status, problem.code, problem.detail, { errors: [{ pointer: `/${field}`, code: problem.code, detail: problem.detail }] });
}

/**
 * @param {User} user
 * @param {(field: string) => void} start
 */
function about(user, start) {
  const values = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (user));
  const fields = cardOf(user);
  const mayAny = fields.some((field) => mayChange(user, field));
  const first = fields.find((field) => mayChange(user, field)) ?? '';
  return html`
    <section class="card">
      <header class="section-head"><h2>${t('details.contact')}</h2>
        ${mayAny ? html`<button type="button" data-edit @click=${() => start(first)}>${icon('edit')}${t('details.edit')}</button>` : null}</header>
      <dl class="facts">${fields.map((field) => html`
        <div class="fact"><dt>${label(field)}</dt><dd class="editable"><span class="grow">${shown(field, values[field])}</span>${mayChange(user, field) ? pencil(field, start) : null}</dd></div>`)}</dl>
    </section>`;
}

/**
 * @param {string} field
 * @param {(field: string) => void} start
 */
function pencil(field, start) {
  return html`<button type="button" class="quiet icon-only" data-field=${field} aria-label=${t('details.edit_field', { field: label(field) })} @click=${() => start(field)}>${icon('edit')}</button>`;
}

/**
 * @param {User & { metadata: Record<string, unknown> }} user
 * @param {(field: string) => void} start
 */
function notes(user, start) {
  const entries = Object.entries(user.metadata);
  return html`
    <section class="card notes-card">
      <header class="section-head"><h2>${t('details.notes')}</h2>
        ${mayChange(user, 'metadata') ? html`<button type="button" class="quiet" data-field=${NOTES} aria-label=${t('details.edit_field', { field: t('details.notes') })} @click=${() => start(NOTES)}>${icon('edit')}<span>${t('details.edit')}</span></button>` : null}</header>
      ${entries.length === 0 ? html`<p class="muted">${t('details.no_notes')}</p>` : html`<dl class="facts">${entries.map(([name, value]) => html`
        <div class="fact"><dt><bdi>${label(`metadata/${name}`)}</bdi></dt><dd>${shown(`metadata/${name}`, value)}</dd></div>`)}</dl>`}
    </section>`;
}

/** @param {User} user */
function recordOf(user) {
  const values = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (user));
  return html`
    <section class="card record">
      <h2>${t('details.record')}</h2>
      <dl class="facts">${RECORD.filter((field) => field in values).map((field) => html`
        <div class="fact"><dt>${label(field)}</dt><dd>${shown(field, values[field])}</dd></div>`)}</dl>
      <button type="button" class="quiet" @click=${() => void copy(user.id)}>${icon('copy')}${t('details.copy_id')}</button>
    </section>`;
}

/** @param {string} text */
async function copy(text) {
  await navigator.clipboard.writeText(text);
  toast(common('action.copied'));
}
