// @ts-check
import { html } from '../../html.js';
import { Problem } from '../../problem.js';
import { batch, signal } from '../../state.js';
import { problemNotice } from '../../ui/notice.js';
import { downloadData } from '../person/download.js';
import { t } from '../person/text.js';

/**
 * Everything stored about oneself.
 * @param {string} id
 */
export function stored(id) {
  const isBusy = signal(false);
  const problem = signal(/** @type {Problem | null} */ (null));
  const run = async () => {
    if (isBusy.peek()) return;
    batch(() => {
      isBusy.value = true;
      problem.value = null;
    });
    try {
      await downloadData(id);
    } catch (error) {
      problem.value = Problem.from(error);
    } finally {
      isBusy.value = false;
    }
  };
  return {
    view: () => html`
      <section class="card">
        <h2>${t('me.everything')}</h2>
        <p class="muted">${t('me.everything_text')}</p>
        <div class="actions"><button type="button" aria-disabled=${isBusy.value} aria-busy=${isBusy.value} @click=${run}>${t(isBusy.value ? 'account.downloading' : 'account.download')}</button></div>
        ${problem.value ? problemNotice(problem.value) : null}
      </section>`,
  };
}
