// @ts-check
// First steps of a new admin: a manager, then a customer.
import { api } from '../api.js';
import { nameOf } from '../format.js';
import { Problem } from '../problem.js';
import { html } from '../html.js';
import { href } from '../router.js';
import { home } from '../screens.js';
import { signal } from '../state.js';
import { t } from '../text.js';
import { Form } from '../ui/form.js';
import { icon } from '../ui/icons.js';
import { loadProblem } from '../ui/notice.js';
import { recover } from '../ui/recover.js';

/** @typedef {import('../session.js').User} User */

/** @returns {import('../screens.js').Screen} */
export function open() {
  const managers = signal(/** @type {User[]} */ ([]));
  const problem = signal(/** @type {Problem | null} */ (null));
  const manager = step(managerForm, managers);
  const customer = step((done) => customerForm(managers, done), signal(/** @type {User[]} */ ([])));
  const load = async () => {
    problem.value = null;
    try {
      const found = await api.get('/users/', { query: { role: 'manager', is_active: true, limit: 100 } });
      managers.value = found.body.items;
    } catch (error) {
      problem.value = Problem.from(error);
    }
  };
  const stop = recover(problem, load);
  return {
    title: () => t('welcome.title'),
    ready: load(),
    close: stop,
    view: () => html`
      <p class="lead">${t('welcome.text')}</p>
      ${problem.value ? loadProblem(problem.value, load) : null}
      <div class="steps">
        ${card('1', t('welcome.manager'), t('welcome.manager_text'), manager)}
        ${card('2', t('welcome.customer'), t('welcome.customer_text'), customer)}
      </div>
      ${home()?.path === 'welcome' ? null : html`<p><a class="button" href=${href('')}>${t('welcome.done')}</a></p>`}`,
  };
}

/** @typedef {ReturnType<typeof step>} Step */

/**
 * A form that can be filled in again and again, and whom it has added.
 * @param {(done: (user: User) => void) => () => unknown} make
 * @param {import('../types.js').Signal<User[]>} added
 */
function step(make, added) {
  const last = signal(/** @type {User | null} */ (null));
  const done = (/** @type {User} */ user) => {
    added.value = [...added.peek(), user];
    last.value = user;
    again.value = make(done);
  };
  const again = signal(make(done));
  return { last, view: () => again.value() };
}

/**
 * @param {string} n
 * @param {string} title
 * @param {string} text
 * @param {Step} made
 */
function card(n, title, text, { last, view }) {
  const user = last.value;
  return html`
    <section class="card">
      <h2><span class="step-number" aria-hidden="true">${n}</span>${title}</h2>
      <p class="muted">${text}</p>
      <div role="status">${user ? html`<p class="added">${icon('check')}${t('welcome.added', { name: nameOf(user) })}</p>` : null}</div>
      ${view()}
    </section>`;
}

/**
 * @param {(user: User) => void} done
 * @returns {() => unknown}
 */
function managerForm(done) {
  const form = new Form({ display_name: '', email: '', password: '' }, async ({ display_name, email, password }) => {
    const body = { role: /** @type {const} */ ('manager'), email, display_name: display_name || null, password: password || null };
    done((await api.post('/users/', { body })).body);
  });
  return () => form.view({
    fields: html`
      ${form.field('display_name', { label: t('field.display_name'), maxlength: 120 })}
      ${form.field('email', { label: t('field.email'), type: 'email', inputmode: 'email', required: true })}
      ${form.field('password', { label: t('field.password'), type: 'password', autocomplete: 'new-password', hint: t('field.password_hint') })}`,
    action: t('welcome.manager_action'),
  });
}

/**
 * @param {import('../types.js').Signal<User[]>} managers
 * @param {(user: User) => void} done
 * @returns {() => unknown}
 */
function customerForm(managers, done) {
  const form = new Form({ display_name: '', phone: '', assigned_manager_id: '' }, async (values) => {
    const { phone, display_name, assigned_manager_id } = values;
    const body = { role: /** @type {const} */ ('customer'), phone, display_name: display_name || null, assigned_manager_id: assigned_manager_id || null };
    done((await api.post('/users/', { body })).body);
  });
  /** @returns {Array<[string, string]>} */
  const choices = () => [['', t('welcome.nobody')], ...managers.value.map((one) => /** @type {[string, string]} */ ([one.id, nameOf(one)]))];
  return () => form.view({
    fields: html`
      ${form.field('display_name', { label: t('field.display_name'), maxlength: 120 })}
      ${form.field('phone', { label: t('field.phone'), type: 'tel', inputmode: 'tel', hint: t('field.phone_hint'), required: true })}
      ${form.field('assigned_manager_id', { label: t('welcome.manager_of'), choices: choices() })}`,
    action: t('welcome.customer_action'),
  });
}
