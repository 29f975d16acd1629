// @ts-check
// Merge patches (RFC 7396) field by field. A member of `metadata` is a field of its own: `metadata/city`.
import { isObject, isSame } from '../events/exact.js';

/** @typedef {import('../../session.js').User} User */
/**
 * What is to be set: the wanted value of each field. `undefined` takes a member of `metadata` away.
 * @typedef {Map<string, unknown>} Wanted
 */
/** @typedef {{ field: string, base: unknown, mine: unknown, theirs: unknown }} Conflict */

const OWN = 'metadata/';
const SILENT = ['updated_at', 'verified_at'];

/**
 * @param {User} user
 * @returns {Wanted} Every field.
 */
export function fieldsOf(user) {
  const { metadata = {}, ...rest } = /** @type {Record<string, any>} */ (user);
  const members = Object.entries(metadata).map(([name, value]) => /** @type {[string, unknown]} */ ([OWN + name, value]));
  return new Map([...Object.entries(rest), ...members]);
}

/**
 * The patch that leads from one state to the wanted values.
 * @param {User} from
 * @param {Wanted} wanted
 * @returns {Record<string, unknown>}
 */
export function patchOf(from, wanted) {
  const now = fieldsOf(from);
  /** @type {Array<[string, unknown]>} */
  const members = [];
  /** @type {Array<[string, unknown]>} */
  const own = [];
  for (const [field, value] of wanted) {
    if (field.startsWith(OWN)) own.push([field.slice(OWN.length), merge(now.get(field), value)]);
    else members.push([field, value]);
  }
  if (own.length > 0) members.push(['metadata', Object.fromEntries(own)]);
  return Object.fromEntries(members);
}

/**
 * The merge patch that makes one value out of another.
 * @param {unknown} from
 * @param {unknown} to
 * @returns {unknown}
 */
function merge(from, to) {
  if (to === undefined) return null;
  if (!isObject(to) || !isObject(from)) return to;
  const gone = Object.keys(from).filter((name) => !Object.hasOwn(to, name));
  const kept = Object.entries(to).filter(([name, value]) => !Object.hasOwn(from, name) || !isSame(from[name], value));
  return Object.fromEntries([
    ...gone.map((name) => /** @type {[string, unknown]} */ ([name, null])),
    ...kept.map(([name, value]) => /** @type {[string, unknown]} */ ([name, merge(from[name], value)])),
  ]);
}

/**
 * What sets these fields back.
 * @param {User} before
 * @param {Wanted} wanted
 * @returns {Wanted}
 */
export function inverse(before, wanted) {
  const old = fieldsOf(before);
  return new Map([...wanted.keys()].map((field) => [field, old.get(field)]));
}

/**
 * What somebody else changed meanwhile.
 * @param {User} base As it was when the editing began.
 * @param {User} theirs As it is now.
 * @param {Wanted} wanted
 * @returns {{ conflicts: Conflict[], others: string[] }} Fields that both changed to different values, and fields that only they changed.
 */
export function compare(base, theirs, wanted) {
  const [old, now] = [fieldsOf(base), fieldsOf(theirs)];
  const changed = [...new Set([...old.keys(), ...now.keys()])].filter((field) => !isSame(old.get(field), now.get(field)));
  const both = changed.filter((field) => wanted.has(field) && !isSame(now.get(field), wanted.get(field)));
  return {
    conflicts: both.map((field) => ({ field, base: old.get(field), mine: wanted.get(field), theirs: now.get(field) })),
    others: changed.filter((field) => !wanted.has(field) && !SILENT.includes(field)),
  };
}
