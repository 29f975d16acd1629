// @ts-check
// What is around every screen: the menu, the news, and the way in for whoever is not signed in.
import { connection } from '../api.js';
import { nameOf } from '../format.js';
import { html } from '../html.js';
import { href, navigate, path } from '../router.js';
import { SCREENS } from '../screens.js';
import { session, signOut, start, staysSignedIn } from '../session.js';
import { computed, effect, signal } from '../state.js';
import { t } from '../text.js';
import { icon, logo } from './icons.js';
import { loadProblem, notice } from './notice.js';
import { follow, outlet } from './outlet.js';
import { recover } from './recover.js';
import { toast, toasts } from './toast.js';

/** @typedef {{ view: () => unknown }} Gate */

const gate = signal(/** @type {Gate | null} */ (null));

/**
 * @param {{ setupToken: string | null }} options The token of the link that the program prints while it has no admin.
 * @returns {() => unknown} The view of everything.
 */
export function frame({ setupToken }) {
  follow();
  recover(computed(() => (session.value.state === 'waiting' ? session.value.problem : null)), () => void start());
  let isSetUp = setupToken === null;
  // On a phone the menu is wider than the window.
  effect(() => {
    void path.value;
    requestAnimationFrame(() => document.querySelector('.menu [aria-current="page"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }));
  });
  effect(() => {
    const { state } = session.value;
    if (state === 'anonymous') void openGate(isSetUp ? null : setupToken);
    if (state === 'signed_in') gate.value = null;
    if (state === 'signed_in' && !isSetUp) {
      isSetUp = true;
      navigate('welcome', { replace: true });
    }
  });
  return () => html`${news()}${content()}${toasts()}`;
}

/** @param {string | null} setupToken */
async function openGate(setupToken) {
  const opened = setupToken
    ? (await import('../screens/setup.js')).open(setupToken, () => void openGate(null))
    : (await import('../screens/sign_in.js')).open();
  if (session.peek().state === 'anonymous') gate.value = opened;
}

function content() {
  const now = session.value;
  if (now.state === 'signed_in') return signedIn(now.user);
  if (now.state === 'waiting') return gateFrame(loadProblem(now.problem, () => void start()));
  if (now.state === 'anonymous' && gate.value) return gateFrame(gate.value.view());
  return gateFrame(html`<p class="muted" role="status">${t('app.loading')}</p>`);
}

/** @param {unknown} inner */
function gateFrame(inner) {
  return html`<main class="gate" id="content"><div class="gate-card"><div class="brand">${logo()}<span>${t('app.name')}</span></div>${inner}
    ${staysSignedIn ? null : notice(t('app.no_cookie'))}</div></main>`;
}

/** @param {import('../session.js').User} user */
function signedIn(user) {
  const here = path.value;
  const entries = SCREENS.filter((entry) => entry.menu && entry.may());
  const item = (/** @type {import('../screens.js').Entry} */ { path: to, menu }) => html`
    <li><a href=${href(to)} aria-current=${here === to || here.startsWith(`${to}/`) ? 'page' : 'false'}>${icon(menu?.icon ?? 'people')}<span>${t(menu?.text ?? 'menu.welcome')}</span></a></li>`;
  return html`
    <a class="skip" href="#content" @click=${skip}>${t('app.skip')}</a>
    <div class="frame">
      <header class="bar">
        <a class="brand" href=${href('')}>${logo()}<span>${t('app.name')}</span></a>
        <div class="who"><span class="who-name"><bdi>${nameOf(user)}</bdi></span>
          <button type="button" class="quiet" @click=${leave}>${icon('leave')}<span>${t('action.sign_out')}</span></button></div>
      </header>
      ${entries.length > 0 ? html`<nav class="menu" aria-label=${t('app.menu')}><ul>${entries.map(item)}</ul></nav>` : null}
      <main id="content" tabindex="-1">${outlet()}</main>
    </div>`;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

async function leave() {
  try {
    await signOut();
  } catch {
    // The tokens are forgotten here in any case.
    toast(t('app.offline'), { tone: 'bad' });
  }
}

/** What the reader has to know whatever they do. */
function news() {
  const how = connection.value;
  return html`<div class="news" role="status" aria-live="polite">${how === 'ok' ? null : html`<p>${icon('warning')}${t(how === 'offline' ? 'app.offline' : 'app.unavailable')}</p>`}</div>`;
}
