// @ts-check
// The screen of the path: loaded when it is first needed, opened, and closed when the visitor leaves.
import { html } from '../html.js';
import { Problem } from '../problem.js';
import { arrival, href, navigate, path, scrollOfEntry } from '../router.js';
import { find, home } from '../screens.js';
import { session } from '../session.js';
import { effect, signal, untracked } from '../state.js';
import { t } from '../text.js';
import { empty, problemNotice, skeleton } from './notice.js';

/** @typedef {import('../screens.js').Screen} Screen */
/** @typedef {{ is: 'loading' } | { is: 'open', screen: Screen } | { is: 'missing' } | { is: 'broken', problem: Problem }} Shown */

const shown = signal(/** @type {Shown} */ ({ is: 'loading' }));
let turn = 0;

/** Follows the path and the session. */
export function follow() {
  const user = () => (session.value.state === 'signed_in' ? session.value.user.id : null);
  let last = '';
  effect(() => {
    const [to, who] = [path.value, user()];
    const now = `${who} ${to}`;
    if (now === last) return;
    last = now;
    untracked(() => (who ? show(to) : leave()));
  });
}

function leave() {
  turn++;
  const now = shown.peek();
  shown.value = { is: 'loading' };
  if (now.is === 'open') now.screen.close?.();
}

/** @param {string} to */
async function show(to) {
  const first = home();
  if (to === '' && first) return navigate(first.path, { replace: true });
  leave();
  const mine = turn;
  const found = find(to);
  if (!found) {
    shown.value = { is: 'missing' };
    return;
  }
  try {
    const [{ open }] = await Promise.all([found.entry.load(), styles()]);
    if (mine !== turn) return;
    const screen = open({ params: found.params });
    shown.value = { is: 'open', screen };
    arrived(screen);
  } catch (error) {
    // A newer version of the program does not have the files of this page.
    if (mine === turn) shown.value = { is: 'broken', problem: Problem.from(error) };
  }
}

/** @type {Promise<unknown> | null} */
let styled = null;

/** The style sheets of the screens, which the way in does not need. */
function styles() {
  styled ??= new Promise((done) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = new URL('../screens.css', import.meta.url).href;
    link.onload = link.onerror = done;
    document.head.append(link);
  });
  return styled;
}

/** @param {Screen} screen */
function arrived(screen) {
  const how = arrival;
  if (how === 'navigate') document.querySelector(/** @type {'h1'} */ ('main h1'))?.focus({ preventScroll: true });
  if (how !== 'load') scrollTo(0, scrollOfEntry());
  if (how === 'history') void screen.ready?.then(() => requestAnimationFrame(() => scrollTo(0, scrollOfEntry())));
}

/** The heading and the screen below it. */
export function outlet() {
  const now = shown.value;
  if (now.is === 'loading') return skeleton();
  if (now.is === 'missing') return page(t('app.not_found'), empty(t('app.not_found_text'), html`<a class="button" href=${href('')}>${t('app.home')}</a>`));
  if (now.is === 'broken') {
    const reload = () => location.reload();
    return page(t('app.broken'), html`<p>${t('app.new_version')}</p><button type="button" class="primary" @click=${reload}>${t('app.reload')}</button>${problemNotice(now.problem)}`);
  }
  const { screen } = now;
  return page(screen.title(), screen.view(), screen.actions?.());
}

/**
 * @param {string} title
 * @param {unknown} content
 * @param {unknown} [actions]
 */
function page(title, content, actions = null) {
  document.title = `${title} · ${t('app.name')}`;
  return html`<header class="page-head"><h1 tabindex="-1"><bdi>${title}</bdi></h1><div class="page-actions">${actions}</div></header>${content}`;
}
