// @ts-check
import { html } from '../html.js';
import { t } from '../text.js';
import { icon } from './icons.js';
import { recovers } from './recover.js';

/**
 * What went wrong, in the words of the API, and the next step.
 * @param {import('../problem.js').Problem} problem
 * @param {(() => unknown) | undefined} [again] Tries it once more.
 * @param {string} [wait] When to try again.
 */
export function problemNotice(problem, again, wait = problem.retryAfter > 0 ? t('form.wait', { seconds: problem.retryAfter }) : '') {
  return html`<div class="notice bad" role="alert">${icon('warning')}<div><p>${problem.detail}${wait ? ` ${wait}` : null}</p>
    ${again ? html`<button type="button" @click=${again}>${t('action.try_again')}</button>` : null}</div></div>`;
}

/**
 * What did not come, for a view that asks for it again by itself: see `recover`.
 * @param {import('../problem.js').Problem} problem
 * @param {() => unknown} again
 */
export function loadProblem(problem, again) {
  return problemNotice(problem, again, recovers(problem) ? t('list.again') : '');
}

/**
 * @param {unknown} text
 * @param {'plain' | 'good'} [tone]
 */
export function notice(text, tone = 'plain') {
  return html`<div class="notice ${tone}" role="status">${icon(tone === 'good' ? 'check' : 'warning')}<p>${text}</p></div>`;
}

/**
 * Nothing to show, and what to do about it.
 * @param {string} text
 * @param {unknown} [action]
 */
export function empty(text, action = null) {
  return html`<div class="empty"><p>${text}</p>${action}</div>`;
}

/**
 * The place of rows that are still on their way.
 * @param {number} [rows]
 */
export function skeleton(rows = 6) {
  const row = html`<div class="skeleton-row" aria-hidden="true"><span></span><span></span></div>`;
  return html`<div class="skeleton" role="status"><span class="sr-only">${t('list.loading')}</span>${Array.from({ length: rows }, () => row)}</div>`;
}

/** @param {boolean} isActive */
export function status(isActive) {
  return html`<span class="status ${isActive ? 'active' : 'inactive'}">${t(isActive ? 'status.active' : 'status.inactive')}</span>`;
}
