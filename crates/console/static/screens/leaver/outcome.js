// @ts-check
// What a handover would do, and what it did.
import { nameOf, number } from '../../format.js';
import { html } from '../../html.js';
import { href } from '../../router.js';
import { icon } from '../../ui/icons.js';
import { notice, problemNotice } from '../../ui/notice.js';
import { nameById } from '../people/names.js';
import { t } from '../people/text.js';

/** @typedef {import('../../session.js').User} User */
/** @typedef {import('../../types.js').components['schemas']['HandedOver']} HandedOver */

/**
 * @param {import('./handover.js').Handover} plan
 * @param {User} leaver
 * @param {number} held
 */
export function preview(plan, leaver, held) {
  const [shown, problem, isBusy] = [plan.preview.value, plan.problem.value, plan.isBusy.value];
  const isIdle = held === 0 && !plan.deactivates.value;
  const isReady = !isIdle && (held === 0 || plan.isComplete());
  return html`<section class="card">
    <h2 id="leaver-check" tabindex="-1"><span class="step-number" aria-hidden="true">${held > 0 ? 3 : 2}</span>${t('leaver.check')}</h2>
    ${leaver.is_active
      ? html`<label class="check"><input type="checkbox" .checked=${plan.deactivates.value} @change=${(/** @type {any} */ event) => plan.setDeactivates(event.target.checked)}> ${t('leaver.deactivate', { name: nameOf(leaver) })}</label>`
      : html`<p class="muted">${t('leaver.is_inactive')}</p>`}
    <div role="status">${shown ? shares(shown, false) : html`<p class="muted">${isReady ? t('leaver.not_yet') : isIdle ? t('leaver.idle') : t('leaver.choose_first')}</p>`}</div>
    ${problem ? problemNotice(problem) : null}
    <div class="actions">
      ${shown
        ? html`<button type="button" class="danger" aria-disabled=${isBusy} aria-busy=${isBusy} @click=${() => plan.run(false)}>${goes(shown, plan.deactivates.value && leaver.is_active)}</button>`
        : html`<button type="button" class="primary" ?disabled=${!isReady} aria-disabled=${isBusy} aria-busy=${isBusy} @click=${() => void look(plan)}>${t('leaver.preview')}</button>`}
    </div>
  </section>`;
}

/**
 * The button is gone when the preview is there, and the focus would be with it.
 * @param {import('./handover.js').Handover} plan
 */
async function look(plan) {
  await plan.run(true);
  if (plan.preview.peek()) requestAnimationFrame(() => document.getElementById('leaver-check')?.focus());
}

/**
 * @param {HandedOver} answer
 * @param {boolean} deactivates
 */
function goes(answer, deactivates) {
  if (answer.transferred === 0) return t('leaver.go_deactivate');
  return t(deactivates ? 'leaver.go_both' : 'leaver.go', { count: answer.transferred });
}

/**
 * @param {HandedOver} answer
 * @param {boolean} isDone
 */
function shares({ transferred, to }, isDone) {
  const entries = Object.entries(to);
  if (entries.length === 0) return html`<p>${transferred === 0 ? t('leaver.nothing_moves') : t(isDone ? 'leaver.were_unassigned' : 'leaver.unassigned', { count: transferred })}</p>`;
  return html`<ul class="shares">${entries.map(([id, count]) => html`
    <li><span class="grow"><bdi class="words">${nameById(id)}</bdi></span><span class="share">${t(isDone ? 'leaver.got' : 'leaver.gets', { count })}</span>
      <meter aria-hidden="true" min="0" max=${Math.max(1, transferred)} value=${count}></meter></li>`)}
    <li class="sum"><span class="grow">${t('leaver.in_all')}</span><span class="share">${number(transferred)}</span></li></ul>`;
}

/**
 * @param {User} leaver
 * @param {HandedOver} answer
 */
export function result(leaver, answer) {
  return html`<section class="card" role="status">
    ${notice(t('leaver.done', { count: answer.transferred, name: nameOf(leaver) }), 'good')}
    ${shares(answer, true)}
    <div class="actions"><a class="button primary" href=${href(`people/${leaver.id}`)}>${icon('person')}${t('leaver.open')}</a>
      <a class="button" href=${href('leaver')}>${t('leaver.other')}</a></div>
  </section>`;
}
