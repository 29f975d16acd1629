// @ts-check
// Whom a manager holds, to whom they go, what would happen, and then that it happens.
import { api } from '../../api.js';
import { nameOf, words } from '../../format.js';
import { html } from '../../html.js';
import { Problem } from '../../problem.js';
import { href } from '../../router.js';
import { batch, signal } from '../../state.js';
import { empty, loadProblem, skeleton, status } from '../../ui/notice.js';
import { recover } from '../../ui/recover.js';
import { learn } from '../people/names.js';
import { Handover } from './handover.js';
import { result, preview } from './outcome.js';
import { receivers } from './receivers.js';
import { t } from '../people/text.js';

/** @typedef {import('../../session.js').User} User */

/**
 * @param {string} id The manager.
 * @returns {import('../../screens.js').Screen}
 */
export function openPlan(id) {
  const leaver = signal(/** @type {User | null} */ (null));
  const held = signal(0);
  const some = signal(/** @type {User[]} */ ([]));
  const problem = signal(/** @type {Problem | null} */ (null));
  const plan = new Handover(id);
  const load = async () => {
    problem.value = null;
    try {
      const [person, customers] = await Promise.all([
        api.get('/users/{id}', { params: { id } }),
        api.get('/users/', { query: { assigned_manager_id: id, sort: 'display_name', limit: 5, include_total: true } }),
      ]);
      learn([person.body]);
      batch(() => {
        leaver.value = person.body;
        some.value = customers.body.items;
        held.value = customers.body.total ?? 0;
        plan.deactivates.value = person.body.is_active;
        if (held.value === 0) plan.setWay('nobody');
      });
    } catch (error) {
      problem.value = Problem.from(error);
    }
  };
  const stop = recover(problem, load);
  return {
    title: () => (leaver.value ? t('leaver.title_of', { name: nameOf(leaver.value) }) : t('leaver.title')),
    ready: load(),
    view: () => {
      const person = leaver.value;
      if (problem.value?.status === 404) return empty(problem.value.detail, html`<a class="button" href=${href('leaver')}>${t('leaver.other')}</a>`);
      if (problem.value) return loadProblem(problem.value, load);
      if (!person) return skeleton(3);
      if (person.role !== 'manager') return empty(t('leaver.no_manager'), html`<a class="button" href=${href('leaver')}>${t('leaver.other')}</a>`);
      if (plan.done.value) return html`<div class="narrow">${result(person, plan.done.value)}</div>`;
      return html`<div class="narrow stack">
        ${holds(person, held.value, some.value, plan)}
        ${held.value > 0 ? receivers(plan, person) : null}
        ${preview(plan, person, held.value)}
      </div>`;
    },
    close: () => {
      stop();
      plan.close();
    },
  };
}

/**
 * @param {User} person
 * @param {number} count
 * @param {User[]} some
 * @param {Handover} plan
 */
function holds(person, count, some, plan) {
  return html`<section class="card">
    <h2><span class="step-number" aria-hidden="true">1</span>${t('leaver.holds', { count })}</h2>
    <p class="leaver-who"><a href=${href(`people/${person.id}`)}><bdi>${nameOf(person)}</bdi></a> ${words('email' in person ? person.email : null)} ${status(person.is_active)}</p>
    ${count > 0
      ? html`<ul class="some">${some.map((one) => html`<li><bdi class="words">${nameOf(one)}</bdi></li>`)}
          ${count > some.length ? html`<li><a href=${href('people', { assigned_manager_id: person.id })}>${t('leaver.and_more', { count: count - some.length })}</a></li>` : null}</ul>
        ${count > 1 ? plan.some.view() : null}`
      : html`<p class="muted">${t('leaver.holds_none')}</p>`}
  </section>`;
}
