// @ts-check
// What is typed while a person is edited, and what of it differs from the record.
import { batch } from '../../state.js';
import { Form } from '../../ui/form.js';
import { Notes } from './notes.js';
import { mayChange } from './rights.js';

/** @typedef {import('./record.js').State} State */

const FIELDS = {
  staff: ['display_name', 'email', 'phone', 'tin_trunk_number', 'verification_method'],
  customer: ['display_name', 'phone', 'assigned_manager_id'],
};

/**
 * The fields of this person's card, in their order.
 * @param {import('../../session.js').User} user
 */
export function cardOf(user) {
  return FIELDS[user.role === 'customer' ? 'customer' : 'staff'];
}

export class Edit {
  /** @param {State} base As the record was when the editing began. */
  constructor(base) {
    this.base = base;
    const user = /** @type {Record<string, any>} */ (base.user);
    this.fields = cardOf(base.user).filter((field) => mayChange(base.user, field));
    const values = Object.fromEntries(this.fields.map((field) => [field, String(user[field] ?? '')]));
    this.first = values;
    this.form = new Form(values, () => this.save());
    this.notes = 'metadata' in user && mayChange(base.user, 'metadata') ? new Notes(user.metadata) : null;
    // A refusal of `/metadata` stands at the rows.
    this.form.shown.add('metadata');
    /** Whether it was left and found again. */
    this.isFound = false;
    /** @type {() => Promise<boolean>} Set by the screen that shows it. Whether it is saved. */
    this.save = async () => false;
  }

  /** Another screen shows it now. */
  found() {
    this.isFound = true;
    batch(() => {
      this.form.problem.value = null;
      this.form.isBusy.value = false;
    });
  }

  /** @returns {import('./patch.js').Wanted} What differs. */
  wanted() {
    const values = this.form.values.peek();
    const changed = this.fields.filter((field) => values[field] !== this.first[field]);
    return new Map([
      ...changed.map((field) => /** @type {[string, unknown]} */ ([field, values[field] === '' ? null : values[field]])),
      ...(this.notes?.changes() ?? []),
    ]);
  }
}
