// @ts-check
// JSON with numbers as they were written. JavaScript would round 9007199254740993.

/** A number that JavaScript would change. */
export class Exact {
  /** @param {string} source As it was written. */
  constructor(source) {
    this.source = source;
  }
}

/**
 * Reads JSON. A browser that does not tell how a number was written rounds those of more than 15 digits.
 * @param {string} text
 * @returns {any}
 */
export function parse(text) {
  /** @type {any} */
  const reviver = (/** @type {string} */ _, /** @type {unknown} */ value, /** @type {{ source?: string }} */ context) => {
    if (typeof value !== 'number' || context?.source === undefined) return value;
    return String(value) === context.source ? value : new Exact(context.source);
  };
  return JSON.parse(text, reviver);
}

/**
 * @param {unknown} value As `parse` made it.
 * @param {string} [indent] Spaces of a level; none makes it compact.
 * @param {string} [at] Where this value is indented to.
 * @returns {string}
 */
export function write(value, indent = '', at = '') {
  if (value instanceof Exact) return value.source;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const inner = at + indent;
  const parts = Array.isArray(value)
    ? value.map((one) => write(one, indent, inner))
    : Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}:${indent && ' '}${write(one, indent, inner)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return open + close;
  const line = indent ? `\n${inner}` : '';
  return open + line + parts.join(`,${line}`) + (indent ? `\n${at}` : '') + close;
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Exact);
}

/**
 * @param {unknown} one
 * @param {unknown} other
 */
export function isSame(one, other) {
  return write(sorted(one)) === write(sorted(other));
}

/**
 * The order of members means nothing.
 * @param {unknown} value
 * @returns {unknown}
 */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]));
}

/**
 * How many levels of objects and arrays there are.
 * @param {unknown} value
 * @returns {number}
 */
export function depth(value) {
  if (!isObject(value) && !Array.isArray(value)) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depth));
}
