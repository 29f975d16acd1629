// @ts-check
// Erases a person for good, after a look at what goes and what stays.
import { api } from '../../api.js';
import { nameOf, visible } from '../../format.js';
import { html } from '../../html.js';
import { Problem } from '../../problem.js';
import { navigate } from '../../router.js';
import { confirmDialog } from '../../ui/dialog.js';
import { toast } from '../../ui/toast.js';
import { isMe } from './rights.js';
import { t } from './text.js';

/** @typedef {import('../../session.js').User} User */

/**
 * @param {import('./record.js').Record} record
 * @param {User} user
 */
export async function erase(record, user) {
  const etag = record.state.peek()?.etag ?? null;
  const [entered, assigned] = await Promise.all([count({ created_by: user.id }), user.role === 'manager' ? count({ assigned_manager_id: user.id }) : 0]);
  if (assigned > 0) throw new Problem(409, 'has_customers', '', { customers: assigned });
  const name = nameOf(user);
  const isSure = await confirmDialog({ title: t('erase.title', { name }), text: preview(user, entered), action: t('erase.action'), danger: true, ...confirmation(user) });
  if (!isSure) return;
  try {
    await api.delete('/users/{id}', { params: { id: user.id }, ifMatch: etag });
  } catch (error) {
    if (Problem.from(error).code === 'precondition_failed') await record.load();
    throw error;
  }
  toast(t('erase.done', { name }));
  navigate('', { replace: true });
}

/**
 * @param {{ created_by: string } | { assigned_manager_id: string }} filter
 * @returns {Promise<number>}
 */
async function count(filter) {
  return (await api.get('/users/', { query: { ...filter, limit: 1, include_total: true } })).body.total ?? 0;
}

/**
 * What has to be typed: something of this very person, and short on a phone.
 * @param {User} user
 * @returns {{ typed: string, typedLabel: string }}
 */
function confirmation(user) {
  if (user.role !== 'customer') return { typed: user.email, typedLabel: t('erase.type_email', { text: visible(user.email) }) };
  const typed = user.phone.slice(-4);
  return { typed, typedLabel: t('erase.type_phone', { text: typed }) };
}

/**
 * @param {User} user
 * @param {number} entered
 */
function preview(user, entered) {
  const list = (/** @type {string[]} */ items) => html`<ul class="bullets">${items.map((item) => html`<li>${item}</li>`)}</ul>`;
  const isCustomer = user.role === 'customer';
  const others = isCustomer && user.created_by === user.id ? entered - 1 : entered;
  return html`
    ${isMe(user) ? html`<p><strong>${t('erase.self')}</strong></p>` : null}
    <h3>${t('erase.goes')}</h3>
    ${list([t('erase.goes_record'), t('erase.goes_sessions'), t('erase.goes_codes'), t('erase.goes_events')])}
    <h3>${t('erase.stays')}</h3>
    ${list([t('erase.stays_events'), ...(others > 0 ? [t('erase.stays_entered', { n: others })] : []), t('erase.stays_free')])}`;
}
