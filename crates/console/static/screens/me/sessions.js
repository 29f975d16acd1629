// @ts-check
// Where one is signed in.
import { api } from '../../api.js';
import { time, visible } from '../../format.js';
import { html, repeat } from '../../html.js';
import { Problem } from '../../problem.js';
import { signal } from '../../state.js';
import { confirmDialog } from '../../ui/dialog.js';
import { problemNotice } from '../../ui/notice.js';
import { Pages } from '../../ui/pages.js';
import { toast } from '../../ui/toast.js';
import { t } from '../person/text.js';
import { deviceOf } from './device.js';

/** @typedef {import('../../types.js').components['schemas']['Session']} Session */

export function sessions() {
  const pages = new Pages(async (cursor, aborted) => (await api.get('/auth/sessions', { query: cursor ? { cursor } : {}, signal: aborted })).body);
  const problem = signal(/** @type {Problem | null} */ (null));
  /**
   * @param {() => Promise<unknown>} work
   * @param {string} done
   */
  const run = async (work, done) => {
    problem.value = null;
    try {
      await work();
      toast(done);
    } catch (error) {
      // A session that somebody else ended is what was wanted.
      if (Problem.from(error).status !== 404) problem.value = Problem.from(error);
    }
    await pages.restart();
  };
  const end = (/** @type {string} */ id) => run(() => api.delete('/auth/sessions/{id}', { params: { id } }), t('me.ended'));
  const endOthers = async () => {
    const isSure = await confirmDialog({ title: t('me.end_others'), text: t('me.end_others_text'), action: t('me.end_others'), danger: true });
    if (isSure) await run(() => api.delete('/auth/sessions'), t('me.others_ended'));
  };
  return {
    restart: () => pages.restart(),
    close: () => pages.close(),
    view: () => html`
      <section class="card">
        <h2>${t('me.sessions')}</h2>
        <p class="muted">${t('me.sessions_text')}</p>
        ${problem.value ? problemNotice(problem.value) : null}
        ${pages.view((items) => html`<ul class="sessions">${repeat(items, ({ id }) => id, (one) => row(one, end))}</ul>
          ${items.length > 1 ? html`<div class="actions"><button type="button" @click=${endOthers}>${t('me.end_others')}</button></div>` : null}`, null)}
      </section>`,
  };
}

/**
 * @param {Session} session
 * @param {(id: string) => unknown} end
 */
function row({ id, user_agent, address, last_used_at, created_at, current }, end) {
  const device = deviceOf(user_agent ?? null);
  return html`
    <li class="session">
      <div class="grow" title=${user_agent ? visible(user_agent) : ''}>
        <p><strong><bdi>${device}</bdi></strong>${current ? html` <span class="status active">${t('me.this_device')}</span>` : null}</p>
        <p class="muted">${address ? html`<bdi>${address}</bdi> · ` : null}${t('me.used')} ${time(last_used_at)}, ${t('me.since')} ${time(created_at)}</p>
      </div>
      ${current ? null : html`<button type="button" aria-label=${t('me.end_label', { device })} @click=${() => end(id)}>${t('me.end')}</button>`}
    </li>`;
}
