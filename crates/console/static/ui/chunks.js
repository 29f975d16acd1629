// @ts-check
// The rows of a long list in pieces of fifty. Each piece is an element of its own that renders by itself, so a new page
// costs its own rows, whatever stands above it. The style of `.chunk` lets the browser leave out the pieces out of view;
// all of them stay in the page, so find-in-page, `j`, `k` and a screen reader still reach every row.
import { mount, signal } from '../state.js';

const SIZE = 50;

/**
 * @template T
 * @typedef {{ element: HTMLElement, items: import('../types.js').Signal<T[]>, stop: () => void }} Chunk
 */

/**
 * @template T
 */
export class Chunks {
  /**
   * @param {'tbody' | 'div'} tag
   * @param {string} role Of the piece: `rowgroup` in a table, `none` in a list.
   * @param {(items: T[]) => unknown} view The rows of a piece. It renders again when a signal that it reads changes.
   */
  constructor(tag, role, view) {
    this.tag = tag;
    this.role = role;
    this.rows = view;
    /** @type {Chunk<T>[]} */
    this.chunks = [];
  }

  /**
   * The pieces, for a template.
   * @param {T[]} items
   * @returns {HTMLElement[]}
   */
  view(items) {
    const count = Math.ceil(items.length / SIZE);
    this.chunks.splice(count).forEach(({ stop }) => stop());
    for (let at = 0; at < count; at++) {
      const own = items.slice(at * SIZE, (at + 1) * SIZE);
      const chunk = this.chunks[at];
      if (!chunk) this.chunks.push(this.make(own));
      else if (!isSame(chunk.items.peek(), own)) chunk.items.value = own;
    }
    return this.chunks.map(({ element }) => element);
  }

  /**
   * @param {T[]} own
   * @returns {Chunk<T>}
   */
  make(own) {
    const [element, items] = [document.createElement(this.tag), signal(own)];
    element.className = 'chunk';
    element.setAttribute('role', this.role);
    return { element, items, stop: mount(element, () => this.rows(items.value)) };
  }

  /** The visitor leaves. */
  close() {
    this.chunks.splice(0).forEach(({ stop }) => stop());
  }
}

/**
 * @param {unknown[]} one
 * @param {unknown[]} other
 */
function isSame(one, other) {
  return one.length === other.length && one.every((item, at) => item === other[at]);
}
