// @ts-check
// What a check found: numbers, and the lines with the wrong cells marked.
import { number, visible } from '../../format.js';
import { html, live, nothing, repeat } from '../../html.js';
import { sentence } from '../../problem.js';
import { t } from './text.js';

/** @typedef {import('./check.js').ImportFile} ImportFile */
/** @typedef {import('./check.js').Imported} Imported */
/** @typedef {import('../../problem.js').FieldError} FieldError */

/** @param {Imported} found */
export function totals(found) {
  const wrong = found.errors.length + (found.errors_omitted ?? 0);
  /** @type {Array<['check.created' | 'check.updated' | 'check.skipped' | 'check.wrong', number]>} */
  const parts = [['check.created', found.created], ['check.updated', found.updated], ['check.skipped', found.skipped], ['check.wrong', wrong]];
  return html`<ul class="totals">${parts.filter(([, n]) => n > 0).map(([key, n]) => html`<li class=${key === 'check.wrong' ? 'bad' : ''}>${t(key, { n })}</li>`)}</ul>`;
}

/**
 * Whether the first line is refused: then no other was looked at.
 * @param {Imported} found
 */
export function hasBadHeader(found) {
  return found.errors.some(({ line }) => line === 1);
}

/**
 * @param {Imported} found
 * @param {ImportFile} file
 */
export function lines(found, file) {
  const header = file.header.value;
  const isCorrected = file.stage.value.is === 'checked' && found.errors.length > 0 && !hasBadHeader(found);
  const ofLine = (/** @type {number} */ line) => found.errors.filter((error) => error.line === line);
  const rows = file.rows.value;
  if (file.text === null || hasBadHeader(found)) return plainErrors(found);
  if (rows.length === 0) return null;
  const width = Math.max(header.length, ...rows.map(({ cells }) => cells.length));
  const columns = Array.from({ length: width }, (_, at) => header[at]?.trim() || t('check.column', { n: at + 1 }));
  return html`
    ${found.errors.length === 0 ? html`<h3>${t('check.preview', { n: rows.length })}</h3>` : null}
    <div class="table-wrap lines" id="lines" data-typed tabindex="0" role="region" aria-label=${t('check.table')}>
      <table>
        <thead><tr><th scope="col">${t('check.line')}</th>${columns.map((name) => html`<th scope="col"><bdi>${visible(name)}</bdi></th>`)}</tr></thead>
        <tbody>${repeat(rows, ({ line }) => line, (row) => line(row, columns, ofLine(row.line), isCorrected, file))}</tbody>
      </table>
    </div>
    ${found.errors_omitted ? html`<p class="muted">${t('check.omitted', { n: found.errors_omitted })}</p>` : null}`;
}

/**
 * @param {import('./csv.js').Row} row
 * @param {string[]} columns
 * @param {FieldError[]} errors
 * @param {boolean} isCorrected
 * @param {ImportFile} file
 */
function line(row, columns, errors, isCorrected, file) {
  const cells = file.corrections.value.get(row.line) ?? row.cells;
  const nameOf = (/** @type {FieldError} */ { pointer }) => pointer.split('/')[1] ?? '';
  const whole = errors.filter((error) => !columns.includes(nameOf(error)));
  return html`
    <tr><th scope="row"><span class="cell-name">${t('check.line')} </span>${number(row.line)}${whole.map(({ detail }) => html`<p class="error">${sentence(detail)}</p>`)}</th>
      ${columns.map((name, at) => {
        const wrong = errors.filter((error) => nameOf(error) === name);
        const content = cells[at] ?? '';
        return html`<td class=${wrong.length > 0 ? 'wrong' : ''}><span class="cell-name" aria-hidden="true">${visible(name)}</span>
          ${isCorrected ? input(row, at, name, content, wrong, file) : html`<bdi class="words">${visible(content)}</bdi>`}
          ${wrong.map(({ detail }) => html`<p class="error" id="error-${row.line}-${at}">${sentence(detail)}</p>`)}</td>`;
      })}</tr>`;
}

/**
 * @param {import('./csv.js').Row} row
 * @param {number} at
 * @param {string} name
 * @param {string} content
 * @param {FieldError[]} wrong
 * @param {ImportFile} file
 */
function input(row, at, name, content, wrong, file) {
  const isWrong = wrong.length > 0;
  return html`<input aria-label=${t('check.cell', { column: name, line: row.line })} aria-invalid=${isWrong} autocomplete="off" spellcheck="false"
    aria-describedby=${isWrong ? `error-${row.line}-${at}` : nothing} .value=${live(content)}
    @input=${(/** @type {any} */ event) => file.correct(row, at, event.target.value)}>`;
}

/** @param {Imported} found */
function plainErrors({ errors }) {
  return html`<ul class="plain-errors">${errors.map(({ line: at = 1, pointer, detail }) => html`
    <li><strong>${t('check.line')} ${number(at)}</strong> <bdi>${visible(pointer.slice(1))}</bdi> ${sentence(detail)}</li>`)}</ul>`;
}
