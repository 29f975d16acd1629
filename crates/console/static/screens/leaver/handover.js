// @ts-check
import { api } from '../../api.js';
import { Problem } from '../../problem.js';
import { batch, signal } from '../../state.js';
import { Pages } from '../../ui/pages.js';
import { learn } from '../people/names.js';
import { Some } from './some.js';

/** @typedef {import('../../session.js').User} User */
/** @typedef {import('../../types.js').components['schemas']['HandedOver']} HandedOver */
/** @typedef {'share' | 'one' | 'nobody'} Way */

/** The plan as it is put together. Any change of it makes the preview void. */
export class Handover {
  /** @param {string} id The manager who leaves. */
  constructor(id) {
    this.id = id;
    this.way = signal(/** @type {Way} */ ('share'));
    this.chosen = signal(/** @type {User[]} */ ([]));
    this.deactivates = signal(true);
    this.preview = signal(/** @type {HandedOver | null} */ (null));
    this.done = signal(/** @type {HandedOver | null} */ (null));
    this.problem = signal(/** @type {Problem | null} */ (null));
    this.isBusy = signal(false);
    /** Whoever hands over some of their customers stays. */
    this.some = new Some(id, (isSome) => this.setDeactivates(!isSome && this.deactivates.peek()));
    this.q = '';
    this.managers = new Pages(async (cursor, aborted) => {
      const query = { role: /** @type {const} */ ('manager'), is_active: true, sort: /** @type {const} */ ('display_name'), limit: 50 };
      const { body } = await api.get('/users/', { query: { ...query, ...(this.q ? { q: this.q } : {}), ...(cursor ? { cursor } : {}) }, signal: aborted });
      learn(body.items);
      return { ...body, items: body.items.filter((one) => one.id !== id) };
    });
    void this.managers.restart();
  }

  /** @param {Way} way */
  setWay(way) {
    batch(() => {
      this.way.value = way;
      if (way === 'one') this.chosen.value = this.chosen.peek().slice(0, 1);
      this.changed();
    });
  }

  /** @param {User} manager */
  toggle(manager) {
    const others = this.chosen.peek().filter(({ id }) => id !== manager.id);
    const wasChosen = others.length < this.chosen.peek().length;
    batch(() => {
      this.chosen.value = this.way.peek() === 'one' ? [manager] : wasChosen ? others : [...others, manager];
      this.changed();
    });
  }

  /** @param {boolean} value */
  setDeactivates(value) {
    batch(() => {
      this.deactivates.value = value;
      this.changed();
    });
  }

  changed() {
    this.preview.value = null;
    this.problem.value = null;
  }

  /** Whether it says to whom. */
  isComplete() {
    return this.some.isComplete() && (this.way.value === 'nobody' || this.chosen.value.length > 0);
  }

  /** @param {boolean} isDryRun */
  async run(isDryRun) {
    if (this.isBusy.peek()) return;
    batch(() => {
      this.isBusy.value = true;
      this.problem.value = null;
    });
    try {
      const to = this.way.peek() === 'nobody' ? [] : this.chosen.peek().map(({ id }) => id);
      const body = { to, ...this.some.ids, deactivate: this.deactivates.peek(), dry_run: isDryRun };
      const answer = (await api.post('/users/{id}/handover', { params: { id: this.id }, body })).body;
      (isDryRun ? this.preview : this.done).value = answer;
    } catch (error) {
      this.problem.value = this.explained(Problem.from(error));
    } finally {
      this.isBusy.value = false;
    }
  }

  /** @param {Problem} problem Names the receiver whom a pointer such as `/to/0` means. */
  explained(problem) {
    const wrong = problem.errors.map(({ pointer, detail }) => {
      const who = this.chosen.peek()[Number(/^\/to\/(\d+)$/.exec(pointer)?.[1] ?? -1)];
      return who ? `${who.display_name || who.id}: ${detail}.` : `${detail}.`;
    });
    if (wrong.length > 0) problem.detail = [problem.detail, ...wrong].join(' ');
    return problem;
  }

  close() {
    this.some.close();
    this.managers.close();
  }
}
