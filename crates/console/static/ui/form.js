// @ts-check
// Forms: what was typed is kept on any failure, and each refusal stands at its field.
import { html } from '../html.js';
import { Problem } from '../problem.js';
import { batch, signal } from '../state.js';
import { t } from '../text.js';
import { fieldView } from './field.js';
import { problemNotice } from './notice.js';
import { saved } from './unsaved.js';

/** @typedef {import('./field.js').FieldOptions} FieldOptions */

let last = 0;

/**
 * A form with these values at first.
 * @template {Record<string, string>} V
 */
export class Form {
  /**
   * @param {V} values
   * @param {(values: V) => Promise<unknown>} submit What it throws is shown: a 422 at its fields, the rest above the buttons.
   *   `false` if nothing was saved.
   */
  constructor(values, submit) {
    this.id = `form-${++last}`;
    this.values = signal(values);
    this.errors = signal(/** @type {Record<string, string>} */ ({}));
    this.problem = signal(/** @type {Problem | null} */ (null));
    this.isBusy = signal(false);
    /** Seconds until the server takes another try. */
    this.wait = signal(0);
    this.submitted = submit;
    /** @type {Set<string>} */
    this.shown = new Set();
  }

  /**
   * A field with its label, its hint and what is wrong with it.
   * @param {keyof V & string} name The name in the body; a pointer `/name` leads here.
   * @param {FieldOptions} options
   */
  field(name, options) {
    this.shown.add(name);
    const { values, errors } = this;
    return fieldView(`${this.id}-${name}`, name, options, values.value[name] ?? '', errors.value[name], (value) => this.set(name, value));
  }

  /**
   * @param {keyof V & string} name
   * @param {string} value
   */
  set(name, value) {
    const { [name]: _, ...rest } = this.errors.peek();
    batch(() => {
      this.values.value = { ...this.values.peek(), [name]: value };
      this.errors.value = rest;
    });
  }

  /** Whether it takes no press now. Its buttons are marked and not disabled, or they would lose the focus. */
  get isOff() {
    return this.isBusy.value || this.wait.value > 0;
  }

  /**
   * The form around its fields.
   * @param {{ fields: unknown, action: string, others?: unknown, danger?: boolean }} parts `others` are buttons beside the action.
   */
  view({ fields, action, others = null, danger = false }) {
    const { problem, wait, isBusy, isOff } = this;
    return html`
      <form id=${this.id} novalidate @submit=${(/** @type {Event} */ event) => this.submit(event)}>
        ${fields}
        ${problem.value ? problemNotice(problem.value, undefined, '') : null}
        ${wait.value > 0 ? html`<p class="muted" role="timer">${t('form.wait', { seconds: wait.value })}</p>` : null}
        <div class="actions">
          <button type="submit" class=${danger ? 'danger' : 'primary'} aria-disabled=${isOff} aria-busy=${isBusy.value}>${action}</button>
          ${others}
        </div>
      </form>`;
  }

  /** @param {Event} [event] */
  async submit(event) {
    event?.preventDefault();
    if (this.isBusy.peek() || this.wait.peek() > 0 || !this.isComplete()) return;
    batch(() => {
      this.isBusy.value = true;
      this.problem.value = null;
      this.errors.value = {};
    });
    try {
      if ((await this.submitted(this.values.peek())) !== false) saved(this.id);
    } catch (error) {
      this.refuse(Problem.from(error));
    } finally {
      this.isBusy.value = false;
    }
  }

  /** Whether every required field that is on the screen has something in it. */
  isComplete() {
    const empty = [...this.element()?.querySelectorAll('[required]') ?? []].filter((input) => !(/** @type {HTMLInputElement} */ (input).value.trim()));
    this.errors.value = Object.fromEntries(empty.map((input) => [/** @type {HTMLInputElement} */ (input).name, t('form.required')]));
    if (empty.length > 0) this.focusFirst();
    return empty.length === 0;
  }

  /**
   * Shows a refusal: at the fields that it names, and above the buttons if it names none of them.
   * @param {Problem} problem
   */
  refuse(problem) {
    /** @type {Record<string, string>} */
    const errors = {};
    for (const { pointer, detail } of problem.errors) {
      const name = pointer.split('/')[1] ?? '';
      errors[name] ??= detail;
    }
    const elsewhere = problem.errors.filter(({ pointer }) => !this.shown.has(pointer.split('/')[1] ?? ''));
    const allAtFields = problem.errors.length > 0 && elsewhere.length === 0;
    const extra = elsewhere.map(({ pointer, detail }) => `${pointer}: ${detail}`).join(' ');
    batch(() => {
      this.errors.value = errors;
      this.problem.value = allAtFields ? null : extra ? new Problem(problem.status, problem.code, `${problem.detail} ${extra}`) : problem;
      if (problem.retryAfter > 0) this.countDown(problem.retryAfter);
    });
    this.focusFirst();
  }

  /** @param {number} seconds */
  countDown(seconds) {
    this.wait.value = seconds;
    const end = Date.now() + seconds * 1000;
    const timer = setInterval(() => {
      this.wait.value = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      if (this.wait.peek() === 0) clearInterval(timer);
    }, 500);
  }

  focusFirst() {
    /** @type {HTMLElement | null | undefined} */
    const wrong = this.element()?.querySelector('[aria-invalid="true"]');
    wrong?.focus();
  }

  element() {
    return document.getElementById(this.id);
  }
}
