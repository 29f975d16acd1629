// @ts-check
// The file of an import: read, checked by the API without writing, corrected, and imported.
import { Problem } from '../../problem.js';
import { batch, signal } from '../../state.js';
import { saved } from '../../ui/unsaved.js';
import { corrected, pick, plain } from './csv.js';
import { send } from './send.js';
import { size } from './save.js';
import { t } from './text.js';

/** @typedef {import('../../types.js').components['schemas']['Imported']} Imported */
/** @typedef {import('./csv.js').Row} Row */
/**
 * @typedef {{ is: 'empty' } | { is: 'busy', text: string, part?: number }
 *   | { is: 'checked', found: Imported } | { is: 'done', found: Imported }} Stage
 */

const MOST = 64 * 1024 * 1024;
const PREVIEW = 5;

export class ImportFile {
  constructor() {
    this.stage = signal(/** @type {Stage} */ ({ is: 'empty' }));
    this.problem = signal(/** @type {Problem | null} */ (null));
    this.name = signal('');
    this.existing = signal(/** @type {'skip' | 'update'} */ ('skip'));
    this.onError = signal(/** @type {'abort' | 'skip'} */ ('abort'));
    this.header = signal(/** @type {string[]} */ ([]));
    /** The lines that are shown: the wrong ones, or the first of a good file. */
    this.rows = signal(/** @type {Row[]} */ ([]));
    /** What was typed over cells, by line. */
    this.corrections = signal(/** @type {Map<number, string[]>} */ (new Map()));
    /** How many lines differ from the file that was chosen. */
    this.edited = signal(0);
    /** `null` if it is no UTF-8. Then it is only sent as it is. */
    this.text = /** @type {string | null} */ (null);
    this.content = new Blob();
    this.aborter = new AbortController();
  }

  /** @param {File} file */
  async take(file) {
    this.reset();
    this.name.value = file.name;
    if (file.size > MOST) return this.refuse(t('in.too_large', { size: size(file.size) }));
    if (file.size === 0) return this.refuse(t('in.empty'));
    const bytes = await file.arrayBuffer().catch(() => null);
    if (!bytes) return this.refuse(t('in.changed_since'));
    this.text = decoded(bytes);
    // A copy: a file that is saved again after it was chosen can no longer be read.
    this.content = new Blob([bytes]);
    await this.check();
  }

  /** Asks what would happen. */
  async check() {
    if (this.corrections.peek().size > 0 && this.text !== null) {
      this.text = corrected(this.text, this.corrections.peek());
      this.content = new Blob([this.text]);
      this.edited.value += this.corrections.peek().size;
    }
    await this.run(t('in.checking'), true, 'skip');
  }

  /**
   * Writes it.
   * @param {'abort' | 'skip'} onError
   */
  async go(onError) {
    await this.run('', false, onError);
  }

  /**
   * @param {string} text
   * @param {boolean} isDry
   * @param {'abort' | 'skip'} onError
   */
  async run(text, isDry, onError) {
    const before = this.stage.peek();
    this.aborter = new AbortController();
    const { signal: aborted } = this.aborter;
    const progress = (/** @type {number} */ part) => {
      const sending = part < 1 ? t('in.sending', { percent: Math.floor(part * 100) }) : t('in.writing');
      this.stage.value = { is: 'busy', text: isDry && part === 1 ? text : sending, part };
    };
    batch(() => {
      this.problem.value = null;
      this.stage.value = { is: 'busy', text: text || t('in.sending', { percent: 0 }), part: 0 };
    });
    try {
      const found = await send(this.content, { dry_run: isDry, on_error: onError, on_existing: this.existing.peek() }, { signal: aborted, progress });
      this.show(found, isDry ? 'checked' : 'done');
      if (!isDry) saved('lines');
    } catch (error) {
      if (aborted.aborted) return this.show(before.is === 'checked' ? before.found : null, 'checked');
      const problem = Problem.from(error);
      const isAboutLines = problem.status === 422 && problem.errors.some(({ line }) => line !== undefined);
      const found = { created: 0, updated: 0, skipped: 0, errors: problem.errors };
      this.show(isAboutLines ? found : before.is === 'checked' ? before.found : null, 'checked');
      this.problem.value = isAboutLines ? (isDry ? null : new Problem(422, problem.code, t('done.refused'))) : problem;
    }
  }

  /**
   * @param {Imported | null} found
   * @param {'checked' | 'done'} how
   */
  show(found, how) {
    const wrong = new Set(found?.errors.map(({ line }) => line));
    const isWanted = (/** @type {number} */ line, /** @type {number} */ nth) => (wrong.size > 0 ? wrong.has(line) : nth <= PREVIEW);
    const { header, rows } = pick(plain(this.text ?? ''), isWanted);
    batch(() => {
      this.header.value = header;
      this.rows.value = rows;
      this.corrections.value = new Map();
      this.stage.value = found ? { is: how, found } : { is: 'empty' };
    });
  }

  /**
   * Somebody types over a cell.
   * @param {Row} row
   * @param {number} column
   * @param {string} value
   */
  correct(row, column, value) {
    const cells = [...(this.corrections.peek().get(row.line) ?? row.cells)];
    while (cells.length <= column) cells.push('');
    cells[column] = value;
    this.corrections.value = new Map(this.corrections.peek()).set(row.line, cells);
  }

  /** @param {string} text */
  refuse(text) {
    this.problem.value = new Problem(0, 'file', text);
  }

  reset() {
    this.aborter.abort();
    batch(() => {
      this.stage.value = { is: 'empty' };
      this.problem.value = null;
      this.corrections.value = new Map();
      this.edited.value = 0;
      this.name.value = '';
    });
  }
}

/**
 * @param {ArrayBuffer} bytes
 * @returns {string | null}
 */
function decoded(bytes) {
  try {
    return plain(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}
