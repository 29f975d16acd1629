// @ts-check
// Somebody else was faster: both values side by side, and a choice for each field.
import { api } from '../../api.js';
import { html } from '../../html.js';
import { me } from '../../session.js';
import { signal } from '../../state.js';
import { openDialog } from '../../ui/dialog.js';
import { sentence } from '../events/words.js';
import { time } from '../../format.js';
import { isSame } from '../events/exact.js';
import { fieldsOf } from './patch.js';
import { mayReadEvents } from './rights.js';
import { label, plain } from './shown.js';
import { t } from './text.js';

/** @typedef {import('./patch.js').Conflict} Conflict */
/** @typedef {import('./patch.js').Wanted} Wanted */
/** @typedef {import('../../session.js').User} User */
/** @typedef {import('../../types.js').components['schemas']['AuditEvent']} AuditEvent */

/**
 * Asks only if both changed the same field.
 * @param {User} theirs As the person is now.
 * @param {{ conflicts: Conflict[], others: string[] }} found
 * @param {Wanted} wanted
 * @returns {Promise<Wanted | null>} What is left to set; `null` if the reader goes back to editing.
 */
export async function resolve(theirs, { conflicts, others }, wanted) {
  const now = fieldsOf(theirs);
  const left = new Map([...wanted].filter(([field, value]) => !isSame(value, now.get(field))));
  if (conflicts.length === 0) return left;
  const choice = await ask(theirs, conflicts, others);
  if (!choice) return null;
  for (const [field, side] of Object.entries(choice)) if (side === 'theirs') left.delete(field);
  return left;
}

/**
 * @param {User} theirs
 * @param {Conflict[]} conflicts
 * @param {string[]} others
 * @returns {Promise<Record<string, 'mine' | 'theirs'> | undefined>}
 */
function ask(theirs, conflicts, others) {
  const chosen = signal(/** @type {Record<string, 'mine' | 'theirs'>} */ ({}));
  const last = signal(/** @type {AuditEvent | null} */ (null));
  if (mayReadEvents(theirs)) void lastChange(theirs.id).then((event) => (last.value = event));
  const isDecided = () => conflicts.every(({ field }) => chosen.value[field]);
  const view = (/** @type {(result?: Record<string, 'mine' | 'theirs'>) => void} */ close) => html`
    <form class="conflict" @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      if (isDecided()) close(chosen.peek());
    }}>
      <p>${t('conflict.text')}</p>
      ${last.value ? html`<p class="muted">${sentence(last.value)} · ${time(last.value.at)}</p>` : null}
      ${conflicts.map((conflict) => one(conflict, chosen))}
      ${others.length > 0 ? html`<p class="muted">${t('conflict.others', { fields: others.map(label).join(', ') })}</p>` : null}
      <div class="actions">
        <button type="submit" class="primary" ?disabled=${!isDecided()}>${t('conflict.save')}</button>
        <button type="button" @click=${() => close(undefined)}>${t('conflict.later')}</button>
      </div>
    </form>`;
  return openDialog({ title: t('conflict.title'), view, wide: true });
}

/**
 * @param {Conflict} conflict
 * @param {import('../../types.js').Signal<Record<string, 'mine' | 'theirs'>>} chosen
 */
function one({ field, base, mine, theirs }, chosen) {
  const side = (/** @type {'mine' | 'theirs'} */ name, /** @type {unknown} */ value) => html`
    <label class="side">
      <span class="side-head"><input type="radio" name="conflict ${field}" value=${name} .checked=${chosen.value[field] === name}
        @change=${() => (chosen.value = { ...chosen.peek(), [field]: name })}> ${t(`conflict.${name}`)}</span>
      <span class="side-value">${plain(field, value)}</span>
    </label>`;
  return html`
    <fieldset class="choice">
      <legend>${label(field)}</legend>
      <div class="sides">${side('mine', mine)}${side('theirs', theirs)}</div>
      <p class="hint">${t('conflict.was')}${plain(field, base)}</p>
    </fieldset>`;
}

/**
 * @param {string} id
 * @returns {Promise<AuditEvent | null>} The newest change by somebody else.
 */
async function lastChange(id) {
  try {
    const { items } = (await api.get('/audit-events', { query: { subject_id: id, limit: 10 } })).body;
    return items.find(({ action, actor_id }) => actor_id !== me()?.id && (action === 'user.updated' || action === 'customer.assigned')) ?? null;
  } catch {
    return null;
  }
}
