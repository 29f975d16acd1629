// @ts-check
// To whom the customers go.
import { nameOf, words } from '../../format.js';
import { html, live, repeat } from '../../html.js';
import { icon } from '../../ui/icons.js';
import { empty } from '../../ui/notice.js';
import { SearchField } from '../people/search_field.js';
import { t } from '../people/text.js';

/** @typedef {import('../../session.js').User} User */
/** @typedef {import('./handover.js').Handover} Handover */

const WAYS = /** @type {const} */ (['share', 'one', 'nobody']);

/** @type {WeakMap<Handover, SearchField>} */
const searches = new WeakMap();

/** @param {Handover} plan */
function searchOf(plan) {
  const search = searches.get(plan) ?? new SearchField(t('people.search_staff'), (q) => {
    plan.q = q;
    void plan.managers.restart();
  });
  searches.set(plan, search);
  return search;
}

/**
 * @param {Handover} plan
 * @param {User} leaver
 */
export function receivers(plan, leaver) {
  const way = plan.way.value;
  return html`<section class="card">
    <h2><span class="step-number" aria-hidden="true">2</span>${t('leaver.to_whom')}</h2>
    <fieldset class="options"><legend class="sr-only">${t('leaver.to_whom')}</legend>
      ${WAYS.map((one) => html`<label class="option"><input type="radio" name="way" .checked=${live(one === way)} @change=${() => plan.setWay(one)}>
        <span class="grow"><span class="option-name">${t(/** @type {const} */ (`leaver.way_${one}`))}</span><span class="muted small">${t(/** @type {const} */ (`leaver.way_${one}_text`))}</span></span></label>`)}
    </fieldset>
    ${way === 'nobody' ? null : html`
      ${way === 'share' ? html`<div class="chosen" role="status">${plan.chosen.value.length === 0 ? html`<span class="muted">${t('leaver.none_chosen')}</span>` : plan.chosen.value.map((one) => html`
        <button type="button" class="chip" aria-label=${t('leaver.unchoose', { name: nameOf(one) })} @click=${() => plan.toggle(one)}><bdi>${nameOf(one)}</bdi>${icon('close')}</button>`)}</div>` : null}
      ${searchOf(plan).view(plan.q)}
      <div class="receivers">${plan.managers.view((people) => list(plan, people), empty(t('leaver.nobody_else', { name: nameOf(leaver) })))}</div>`}
  </section>`;
}

/**
 * @param {Handover} plan
 * @param {User[]} people
 */
function list(plan, people) {
  const [type, ids] = [plan.way.value === 'one' ? 'radio' : 'checkbox', plan.chosen.value.map(({ id }) => id)];
  return html`<ul class="checks-list">${repeat(people, ({ id }) => id, (one) => html`
    <li><label class="option"><input data-row type=${type} name="receiver" .checked=${live(ids.includes(one.id))} @change=${() => plan.toggle(one)}>
      <span class="grow"><bdi class="words">${nameOf(one)}</bdi><span class="muted small block">${words('email' in one ? one.email : null)}</span></span></label></li>`)}</ul>`;
}
