// @ts-check
// What is done to an account as a whole: status, role, sessions, everything stored, erasure.
import { api } from '../../api.js';
import { nameOf } from '../../format.js';
import { html } from '../../html.js';
import { Problem } from '../../problem.js';
import { href } from '../../router.js';
import { can, reach } from '../../session.js';
import { batch, signal } from '../../state.js';
import { confirmDialog } from '../../ui/dialog.js';
import { icon } from '../../ui/icons.js';
import { problemNotice, status } from '../../ui/notice.js';
import { toast } from '../../ui/toast.js';
import { downloadData } from './download.js';
import { erase } from './erase.js';
import { isMe, mayChange, mayReadData } from './rights.js';
import { t } from './text.js';
import { offerUndo } from './undo.js';

/** @typedef {import('../../session.js').User} User */
/** @typedef {import('./record.js').Record} Person */

/** @param {User} user */
export function hasAccount(user) {
  return mayChange(user, 'is_active') || mayReadData(user);
}

/**
 * @param {Person} record
 * @returns {{ view: (user: User) => unknown }}
 */
export function account(record) {
  const busy = signal('');
  const refused = signal(/** @type {{ where: string, problem: Problem } | null} */ (null));
  /**
   * Runs one action at a time; a refusal stands where it was asked for.
   * @param {string} where
   * @param {() => Promise<unknown>} work
   */
  const run = async (where, work) => {
    if (busy.peek()) return;
    batch(() => {
      busy.value = where;
      refused.value = null;
    });
    try {
      await work();
    } catch (error) {
      refused.value = { where, problem: Problem.from(error) };
    } finally {
      busy.value = '';
    }
  };
  /**
   * @param {string} where
   * @param {string} text
   * @param {() => Promise<unknown>} work
   */
  const button = (where, text, work, danger = false) => html`
    <button type="button" class=${danger ? 'danger' : ''} aria-busy=${busy.value === where} aria-disabled=${busy.value !== ''} @click=${() => void run(where, work)}>${text}</button>
    ${refused.value?.where === where ? refusal(record.id, refused.value.problem) : null}`;
  return {
    view: (user) => html`
      <div class="account">
        ${mayChange(user, 'is_active') ? part(t('account.status'), html`${status(user.is_active)} ${t(user.is_active ? 'account.active_text' : 'account.inactive_text')}`,
          button('status', t(user.is_active ? 'account.deactivate' : 'account.activate'), () => switchStatus(record, user))) : null}
        ${user.role !== 'customer' && mayChange(user, 'role') ? part(t('account.role'), t(user.role === 'admin' ? 'account.admin_text' : 'account.manager_text'),
          button('role', t(user.role === 'admin' ? 'account.make_manager' : 'account.make_admin'), () => switchRole(record, user))) : null}
        ${can('end_sessions') ? (isMe(user) ? part(t('account.sessions'), t('account.own_sessions'), html`<a class="button" href=${href('me')}>${t('account.to_me')}</a>`)
          : part(t('account.sessions'), t('account.sessions_text'), button('sessions', t('account.end_sessions'), () => endSessions(user)))) : null}
        ${user.role !== 'customer' && reach('manage_keys') === 'all' ? part(t('account.keys'), t('account.keys_text'), html`<a class="button" href=${href('keys', { owner_id: isMe(user) ? null : user.id })}>${icon('key')}${t('account.to_keys')}</a>`) : null}
        ${mayReadData(user) ? part(t('account.data'), t('account.data_text'), button('data', busy.value === 'data' ? t('account.downloading') : t('account.download'), () => downloadData(user.id))) : null}
        ${can('erase_user') ? part(t('account.erase'), t('account.erase_text'), button('erase', t('account.erase_action'), () => erase(record, user), true)) : null}
      </div>`,
  };
}

/**
 * @param {string} title
 * @param {unknown} text
 * @param {unknown} action
 */
function part(title, text, action) {
  return html`<section class="card part"><div class="grow"><h2>${title}</h2><p class="muted">${text}</p></div><div class="part-action">${action}</div></section>`;
}

/**
 * What the API refuses, and where to go on.
 * @param {string} id
 * @param {Problem} problem
 */
function refusal(id, problem) {
  const { code, customers = 0 } = problem;
  if (code === 'last_admin') return html`<p class="error" role="alert">${t('account.last_admin')}</p>`;
  if (code === 'precondition_failed') return html`<p class="error" role="alert">${t('account.changed_meanwhile')}</p>`;
  if (code === 'has_customers') return html`<p class="error" role="alert">${t('account.has_customers', { customers })}</p><a class="button" href=${href(`leaver/${id}`)}>${icon('customers')}${t('account.handover')}</a>`;
  return problemNotice(problem);
}

/**
 * @param {Person} record
 * @param {User} user
 */
async function switchStatus(record, user) {
  const base = record.state.peek();
  if (!base) return;
  const name = nameOf(user);
  if (user.is_active) {
    const text = html`<p>${t('account.deactivate_text')}</p>
      ${user.role === 'manager' ? html`<p>${t('account.deactivate_manager')} <a href=${href(`leaver/${user.id}`)}>${t('account.handover')}</a></p>` : null}
      ${isMe(user) ? html`<p>${t('account.deactivate_self')}</p>` : null}`;
    if (!(await confirmDialog({ title: t('account.deactivate_title', { name }), text, action: t('account.deactivate'), danger: true }))) return;
  }
  const done = await record.save(base, new Map([['is_active', !user.is_active]]));
  if (done) offerUndo(record, done, t(user.is_active ? 'account.deactivated' : 'account.activated', { name }));
}

/**
 * @param {Person} record
 * @param {User} user
 */
async function switchRole(record, user) {
  const base = record.state.peek();
  if (!base) return;
  const to = user.role === 'admin' ? 'manager' : 'admin';
  const action = t(to === 'admin' ? 'account.make_admin' : 'account.make_manager');
  const text = html`<p>${t(to === 'admin' ? 'account.admin_text' : 'account.manager_text')}</p><p>${t('account.make_text')}</p>`;
  if (!(await confirmDialog({ title: t('account.make_title', { name: nameOf(user) }), text, action }))) return;
  const done = await record.save(base, new Map([['role', to]]));
  if (done) offerUndo(record, done, t('account.changed_role'));
}

/** @param {User} user */
async function endSessions(user) {
  const name = nameOf(user);
  const isSure = await confirmDialog({ title: t('account.end_title', { name }), text: t('account.sessions_text'), action: t('account.end_sessions'), danger: true });
  if (!isSure) return;
  await api.delete('/users/{id}/sessions', { params: { id: user.id } });
  toast(t('account.ended', { name }));
}
