// @ts-check
// One person: read with the ETag, changed under `If-Match`.
import { fetchRaw } from '../../api.js';
import { Problem } from '../../problem.js';
import { changedMe, me } from '../../session.js';
import { batch, signal } from '../../state.js';
import { recover } from '../../ui/recover.js';
import { remember } from '../events/names.js';
import { resolve } from './conflict.js';
import { parse, write } from '../events/exact.js';
import { compare, patchOf } from './patch.js';

/** @typedef {import('../../session.js').User} User */
/** @typedef {{ user: User, etag: string }} State */

const PATH = '/users/{id}';
const MERGE = { 'Content-Type': 'application/merge-patch+json' };

export class Record {
  /** @param {string} id */
  constructor(id) {
    this.id = id;
    this.state = signal(/** @type {State | null} */ (null));
    this.problem = signal(/** @type {Problem | null} */ (null));
    this.aborter = new AbortController();
    this.stop = recover(this.problem, () => void this.load());
  }

  /** @returns {User | null} */
  get user() {
    return this.state.value?.user ?? null;
  }

  /** Reads the person again. What went wrong is in `problem`. */
  async load() {
    const { signal: aborted } = this.aborter;
    try {
      await this.take(await fetchRaw('get', PATH, { params: { id: this.id }, signal: aborted }));
    } catch (error) {
      if (!aborted.aborted) this.problem.value = Problem.from(error);
    }
  }

  /**
   * Sets fields. If somebody else was faster, the reader chooses field by field.
   * @param {State} base What the reader saw.
   * @param {import('./patch.js').Wanted} wanted
   * @returns {Promise<{ before: State, after: State, wanted: import('./patch.js').Wanted, others: string[] } | null>}
   *   `null` if the reader left the choice open.
   */
  async save(base, wanted) {
    /** @type {string[]} */
    let others = [];
    let before = base;
    let left = wanted;
    for (;;) {
      if (left.size === 0) return { before, after: before, wanted: left, others };
      try {
        const raw = write(patchOf(before.user, left));
        const response = await fetchRaw('patch', PATH, { params: { id: this.id }, raw, headers: MERGE, ifMatch: before.etag });
        return { before, after: await this.take(response), wanted: left, others };
      } catch (error) {
        if (Problem.from(error).code !== 'precondition_failed') throw error;
      }
      const theirs = await this.take(await fetchRaw('get', PATH, { params: { id: this.id } }));
      const found = compare(before.user, theirs.user, left);
      others = [...new Set([...others, ...found.others])];
      const chosen = await resolve(theirs.user, found, left);
      if (!chosen) return null;
      [before, left] = [theirs, chosen];
    }
  }

  /**
   * @param {Response} response
   * @returns {Promise<State>}
   */
  async take(response) {
    const text = await response.text().catch(() => Promise.reject(Problem.offline()));
    /** @type {State} */
    const state = { user: parse(text), etag: response.headers.get('ETag') ?? '' };
    batch(() => {
      this.state.value = state;
      this.problem.value = null;
      remember(state.user);
      if (state.user.id === me()?.id) changedMe(state.user);
    });
    return state;
  }

  close() {
    this.stop();
    this.aborter.abort();
  }
}
