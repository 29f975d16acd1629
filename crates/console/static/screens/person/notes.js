// @ts-check
// The rows of `metadata` while they are edited: a name, a text or JSON. A row that nobody touched keeps its exact value.
import { batch, signal } from '../../state.js';
import { depth, isObject, isSame, parse, write } from '../events/exact.js';
import { t } from './text.js';

/** @typedef {{ id: number, name: string, text: string, kind: 'text' | 'json', value: unknown, isTouched: boolean }} Row */

export const MAX_BYTES = 16 * 1024;
const MAX_DEPTH = 8;
let last = 0;

export class Notes {
  /** @param {Record<string, unknown>} metadata */
  constructor(metadata) {
    this.before = metadata;
    this.rows = signal(Object.entries(metadata).map(([name, value]) => row(name, value)));
    this.errors = signal(/** @type {Record<number, string>} */ ({}));
    /** What is wrong with all of them together. */
    this.problem = signal('');
  }

  /** @returns {number} The id of the new row. */
  add() {
    const made = row('', '');
    this.rows.value = [...this.rows.peek(), { ...made, isTouched: true }];
    return made.id;
  }

  /** Rows with something in them. */
  get filled() {
    return this.rows.peek().filter((one) => one.name !== '' || one.text !== '');
  }

  /** @param {number} id */
  remove(id) {
    this.rows.value = this.rows.peek().filter((one) => one.id !== id);
  }

  /**
   * @param {number} id
   * @param {Partial<Pick<Row, 'name' | 'text' | 'kind'>>} change
   */
  set(id, change) {
    const isTouched = 'text' in change || 'kind' in change;
    const { [id]: _, ...rest } = this.errors.peek();
    batch(() => {
      this.rows.value = this.rows.peek().map((one) => (one.id === id ? { ...one, ...change, isTouched: one.isTouched || isTouched } : one));
      this.errors.value = rest;
      this.problem.value = '';
    });
  }

  /** @returns {number} Bytes as compact JSON, as far as the rows can be read. */
  get bytes() {
    return size(Object.fromEntries(this.rows.value.map((one) => [one.name, valueOf(one).value ?? one.text])));
  }

  /** @returns {Record<string, unknown>} The rows that have something in them, as `write` of `exact.js` takes it. */
  object() {
    return Object.fromEntries(this.filled.map((one) => [one.name, valueOf(one).value]));
  }

  /** @returns {boolean} Whether all rows can be sent; what is wrong stands at them. */
  check() {
    const rows = this.filled;
    /** @type {Record<number, string>} */
    const errors = {};
    for (const one of rows) {
      const { error } = valueOf(one);
      if (rows.some((other) => other.id < one.id && other.name === one.name)) errors[one.id] = t('notes.twice');
      else if (one.name === '') errors[one.id] = t('notes.no_name');
      else if (error) errors[one.id] = error;
    }
    const all = this.object();
    const bytes = size(all);
    batch(() => {
      this.errors.value = errors;
      this.problem.value = bytes > MAX_BYTES ? t('notes.too_long', { used: bytes.toLocaleString() }) : depth(all) > MAX_DEPTH ? t('notes.too_deep') : '';
    });
    return Object.keys(errors).length === 0 && this.problem.peek() === '';
  }

  /** @returns {Array<[string, unknown]>} Each member that differs; `undefined` for one that goes. */
  changes() {
    const now = new Map(this.filled.map((one) => [one.name, valueOf(one).value]));
    const gone = Object.keys(this.before).filter((name) => !now.has(name));
    const set = [...now].filter(([name, value]) => !Object.hasOwn(this.before, name) || !isSame(this.before[name], value));
    return [...gone.map((name) => /** @type {[string, unknown]} */ ([name, undefined])), ...set].map(([name, value]) => [`metadata/${name}`, value]);
  }

  /**
   * What the server refused, at the rows that it names.
   * @param {import('../../problem.js').FieldError[]} errors
   */
  refuse(errors) {
    for (const { pointer, detail } of errors) {
      const [, first, name = ''] = pointer.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
      if (first !== 'metadata') continue;
      const found = this.rows.peek().find((one) => one.name === name);
      if (found) this.errors.value = { ...this.errors.peek(), [found.id]: detail };
      else this.problem.value = detail;
    }
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {Row}
 */
function row(name, value) {
  const isText = typeof value === 'string';
  return { id: ++last, name, value, kind: isText ? 'text' : 'json', text: isText ? value : write(value, '  '), isTouched: false };
}

/**
 * @param {Row} one
 * @returns {{ value?: unknown, error?: string }}
 */
function valueOf({ value, text, kind, isTouched }) {
  if (!isTouched) return { value };
  if (text.includes('\0')) return { error: t('notes.nul') };
  if (kind === 'text') return { value: text };
  try {
    const read = parse(text);
    return hasNull(read) || read === null ? { error: t('notes.null') } : { value: read };
  } catch (error) {
    return { error: t('notes.bad_json', { detail: error instanceof Error ? error.message : '' }) };
  }
}

/**
 * A merge patch takes members that are `null` away; in lists they stay.
 * @param {unknown} value
 * @returns {boolean}
 */
function hasNull(value) {
  return isObject(value) && Object.values(value).some((member) => member === null || hasNull(member));
}

/** @param {Record<string, unknown>} metadata */
function size(metadata) {
  return new TextEncoder().encode(write(metadata)).length;
}
