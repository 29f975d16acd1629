// @ts-check
// API keys: one's own, and for an admin everybody's (`?owner_id=`).
import { api } from '../api.js';
import { nameOf, time, words } from '../format.js';
import { html, repeat } from '../html.js';
import { Problem } from '../problem.js';
import { href, query, setQuery } from '../router.js';
import { me, reach } from '../session.js';
import { effect, signal, untracked } from '../state.js';
import { t as common } from '../text.js';
import { confirmDialog } from '../ui/dialog.js';
import { icon } from '../ui/icons.js';
import { empty, problemNotice } from '../ui/notice.js';
import { Pages } from '../ui/pages.js';
import { toast } from '../ui/toast.js';
import { person } from './events/people.js';
import { scopeName } from './keys/scopes.js';
import { t } from './keys/text.js';
import { pickPerson } from './people/pick.js';

/** @typedef {import('../types.js').components['schemas']['ApiKey']} ApiKey */

/** @returns {import('../screens.js').Screen} */
export function open() {
  const owner = () => (reach('manage_keys') === 'all' ? (query.value.get('owner_id') ?? '') : '');
  const problem = signal(/** @type {Problem | null} */ (null));
  const pages = new Pages(async (cursor, aborted) => {
    const asked = { ...(untracked(owner) ? { owner_id: untracked(owner) } : {}), ...(cursor ? { cursor } : {}) };
    return (await api.get('/auth/keys', { query: asked, signal: aborted })).body;
  });
  let ready = Promise.resolve();
  const stop = effect(() => {
    owner();
    ready = untracked(() => pages.restart());
  });
  const revoke = async (/** @type {ApiKey} */ key) => {
    const text = html`<p>${t('key.revoke_text')}</p>${key.last_used_at ? html`<p class="muted">${t('key.revoke_used')}${time(key.last_used_at)}.</p>` : null}`;
    if (!(await confirmDialog({ title: t('key.revoke_title', { name: nameOf({ display_name: key.name }) }), text, action: t('key.revoke'), danger: true }))) return;
    problem.value = null;
    try {
      await api.delete('/auth/keys/{id}', { params: { id: key.id } });
      toast(t('key.revoked', { name: nameOf({ display_name: key.name }) }));
    } catch (error) {
      // What somebody else revoked is revoked.
      if (Problem.from(error).status !== 404) problem.value = Problem.from(error);
    }
    await pages.restart();
  };
  return {
    title: () => common('menu.keys'),
    ready,
    actions: () => html`<a class="button primary" href=${href('keys/new')}>${icon('add')}${t('keys.make')}</a>`,
    view: () => html`
      <p class="lead">${t('keys.lead')}</p>
      ${reach('manage_keys') === 'all' ? ownerBar(owner()) : null}
      ${problem.value ? problemNotice(problem.value) : null}
      <div class="key-list">${pages.view(
        (items) => html`<ul class="rows">${repeat(items, ({ id }) => id, (key) => row(key, revoke))}</ul>`,
        empty(t(owner() && owner() !== me()?.id ? 'keys.empty_other' : 'keys.empty')),
      )}</div>`,
    close: () => {
      stop();
      pages.close();
    },
  };
}

/** @param {string} owner */
function ownerBar(owner) {
  const choose = (/** @type {'manager' | 'admin'} */ role) => async () => {
    const chosen = await pickPerson({ title: t('keys.choose'), filters: { role } });
    if (chosen && typeof chosen !== 'string') setQuery({ owner_id: chosen.id === me()?.id ? null : chosen.id }, { push: true });
  };
  return html`
    <div class="owner">
      <span class="grow">${owner ? person(owner) : t('keys.yours')}</span>
      ${owner ? html`<a class="button" href=${href('keys')}>${t('keys.back_to_own')}</a>` : null}
      <button type="button" @click=${choose('manager')}>${t('keys.of_manager')}</button>
      <button type="button" @click=${choose('admin')}>${t('keys.of_admin')}</button>
    </div>`;
}

/**
 * @param {ApiKey} key
 * @param {(key: ApiKey) => unknown} revoke
 */
function row(key, revoke) {
  const { name, scopes, networks, created_at, expires_at, last_used_at } = key;
  const isExpired = Date.parse(expires_at) < Date.now();
  return html`
    <li class="row key">
      <div class="grow">
        <p><strong>${words(name)}</strong>${isExpired ? html` <span class="status inactive">${t('key.expired')}</span>` : null}</p>
        <p class="muted">${last_used_at ? html`${t('key.used')} ${time(last_used_at)}` : t('key.never')} · ${t('key.created')} ${time(created_at)} · ${t('key.expires')} ${time(expires_at)} ·
          <bdi>${networks.length > 0 ? t('key.from', { networks: networks.join(', ') }) : t('key.anywhere')}</bdi></p>
        <ul class="scopes">${scopes.map((scope) => html`<li>${scopeName(scope)}</li>`)}</ul>
      </div>
      <button type="button" aria-label=${t('key.revoke_label', { name: nameOf({ display_name: name }) })} @click=${() => revoke(key)}>${icon('trash')}<span>${t('key.revoke')}</span></button>
    </li>`;
}
