// @ts-check
// One person. `?tab=` says which part is open.
import { nameOf, words } from '../format.js';
import { html } from '../html.js';
import { href, query } from '../router.js';
import { me } from '../session.js';
import { effect, untracked } from '../state.js';
import { named, t as common } from '../text.js';
import { icon } from '../ui/icons.js';
import { empty, loadProblem, skeleton, status } from '../ui/notice.js';
import { account, hasAccount } from './person/account.js';
import { details } from './person/details.js';
import { Record } from './person/record.js';
import { mayReadEvents } from './person/rights.js';
import { t } from './person/text.js';
import { timeline } from './person/timeline.js';

/** @typedef {import('../session.js').User} User */
/** @typedef {'details' | 'activity' | 'account'} Tab */

/**
 * @param {{ params: import('../screens.js').Params }} context
 * @returns {import('../screens.js').Screen}
 */
export function open({ params }) {
  const id = params.id ?? '';
  const record = new Record(id);
  const parts = { details: details(record), account: account(record) };
  const events = timeline(id);
  const loaded = record.load();
  // The timeline is read when it is open, and again when the person has changed.
  const stop = effect(() => {
    const user = record.user;
    if (user && tabOf(user) === 'activity') untracked(() => void events.restart());
  });
  const view = () => {
    const { problem, user } = { problem: record.problem.value, user: record.user };
    if (problem && isMissing(problem)) return empty(common('app.not_found_text'), html`<a class="button" href=${href('')}>${common('app.home')}</a>`);
    if (problem) return loadProblem(problem, () => void record.load());
    if (!user) return skeleton();
    const tab = tabOf(user);
    return html`${head(user)}${tabs(user, tab)}
      <div class="person-part">${tab === 'activity' ? events.view() : parts[tab].view(user)}</div>`;
  };
  return {
    title: () => {
      if (record.problem.value && isMissing(record.problem.value)) return common('app.not_found');
      return record.user ? nameOf(record.user) || t('head.unnamed') : '…';
    },
    ready: loaded,
    view,
    close: () => {
      stop();
      record.close();
      events.close();
    },
  };
}

/**
 * Nobody has the id, or nobody whom the caller may see, or it is no id at all.
 * @param {import('../problem.js').Problem} problem
 */
function isMissing({ status: code }) {
  return code === 404 || code === 400 || code === 422;
}

/** @param {User} user */
function tabsOf(user) {
  /** @type {Array<[Tab, boolean]>} */
  const all = [['details', true], ['activity', mayReadEvents(user)], ['account', hasAccount(user)]];
  return all.filter(([, may]) => may).map(([tab]) => tab);
}

/**
 * @param {User} user
 * @returns {Tab}
 */
function tabOf(user) {
  const wanted = query.value.get('tab');
  return tabsOf(user).find((tab) => tab === wanted) ?? 'details';
}

/**
 * @param {User} user
 * @param {Tab} now
 */
function tabs(user, now) {
  const all = tabsOf(user);
  if (all.length < 2) return null;
  const link = (/** @type {Tab} */ tab) => html`<a href=${href(`people/${user.id}`, { tab: tab === 'details' ? null : tab })} aria-current=${tab === now ? 'page' : 'false'}>${t(`tab.${tab}`)}</a>`;
  return html`<nav class="tabs" aria-label=${t('tab.label')}>${all.map(link)}</nav>`;
}

/** @param {User} user */
function head(user) {
  const isMe = user.id === me()?.id;
  return html`
    <div class="person-head">
      <p>${status(user.is_active)} <span class="muted">${named('role', user.role)}${'email' in user && user.display_name ? html` · ${words(user.email)}` : null}</span></p>
      ${isMe ? null : html`<div class="page-actions">
        ${user.phone ? html`<a class="button" href="tel:${user.phone}">${icon('phone')}${t('head.call')}</a>
          <a class="button" href="https://wa.me/${user.phone.slice(1)}" target="_blank" rel="noreferrer noopener">${icon('chat')}${t('head.message')}</a>` : null}
      </div>`}
    </div>`;
}
