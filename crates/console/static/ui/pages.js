// @ts-check
// A list that is fetched page by page (`cursor`, `next_cursor`) as the reader scrolls to its end.
import { html } from '../html.js';
import { Problem } from '../problem.js';
import { batch, signal } from '../state.js';
import { t } from '../text.js';
import { loadProblem, skeleton } from './notice.js';
import { recover } from './recover.js';

/**
 * @template T
 * @typedef {{ items: T[], next_cursor?: string | null }} Page
 */

let last = 0;

/**
 * @template T
 */
export class Pages {
  /** @param {(cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>} fetchPage */
  constructor(fetchPage) {
    this.id = `pages-${++last}`;
    this.fetchPage = fetchPage;
    this.items = signal(/** @type {T[]} */ ([]));
    /** `first`: nothing has come yet. `anew`: other rows are on their way. `more`: there is another page. */
    this.state = signal(/** @type {'first' | 'anew' | 'loading' | 'more' | 'end'} */ ('first'));
    this.problem = signal(/** @type {Problem | null} */ (null));
    /** @type {string | undefined} */
    this.cursor = undefined;
    this.aborter = new AbortController();
    this.observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting) && this.state.peek() === 'more') void this.more();
    }, { rootMargin: '1200px' });
    this.stop = recover(this.problem, () => void this.again());
  }

  /**
   * Begins anew, for other filters. The old rows stay until the new ones are there; an answer that is overtaken is dropped.
   * @returns {Promise<void>} The first page is there, or a problem.
   */
  restart() {
    this.aborter.abort();
    this.aborter = new AbortController();
    this.cursor = undefined;
    return this.load(true);
  }

  /** Fetches the next page. */
  more() {
    return this.load(false);
  }

  /** What did not come is asked for once more. */
  again() {
    return this.load(this.cursor === undefined);
  }

  /** Whether the rows that are shown are those of before. */
  isAnew() {
    return this.state.value === 'anew' && this.problem.value === null;
  }

  /** @param {boolean} isFirst */
  async load(isFirst) {
    const { signal: aborted } = this.aborter;
    batch(() => {
      this.problem.value = null;
      if (this.state.peek() !== 'first') this.state.value = isFirst ? 'anew' : 'loading';
    });
    try {
      const page = await this.fetchPage(this.cursor, aborted);
      if (aborted.aborted) return;
      this.cursor = page.next_cursor ?? undefined;
      batch(() => {
        this.items.value = isFirst ? page.items : [...this.items.peek(), ...page.items];
        this.state.value = this.cursor ? 'more' : 'end';
      });
    } catch (error) {
      if (!aborted.aborted) this.problem.value = Problem.from(error);
    }
  }

  /**
   * The rows, and what stands at their end.
   * @param {(items: T[]) => unknown} rows
   * @param {unknown} nothing Shown if there is no row at all.
   */
  view(rows, nothing) {
    const [items, state, problem] = [this.items.value, this.state.value, this.problem.value];
    if (problem) {
      const told = loadProblem(problem, () => void this.again());
      const kept = items.length > 0 ? rows(items) : null;
      // Rows that the reader no longer asked for stand below the news, and a page that did not come is at the end.
      return this.cursor === undefined ? html`${told}${kept}` : html`${kept}${told}`;
    }
    if (state === 'first') return skeleton();
    if (items.length === 0 && state === 'end') return nothing;
    requestAnimationFrame(() => this.watch());
    return html`${rows(items)}
      <div class="end" id=${this.id} aria-live="polite">
        ${state === 'loading' || state === 'anew' ? html`<p class="muted">${t('list.loading')}</p>` : null}
        ${state === 'more' ? html`<button type="button" @click=${() => void this.more()}>${t('action.more')}</button>` : null}
        ${state === 'end' ? html`<p class="muted">${t('list.end')}</p>` : null}
      </div>`;
  }

  watch() {
    const end = document.getElementById(this.id);
    this.observer.disconnect();
    if (end) this.observer.observe(end);
  }

  /** The visitor leaves. */
  close() {
    this.stop();
    this.aborter.abort();
    this.observer.disconnect();
  }
}
