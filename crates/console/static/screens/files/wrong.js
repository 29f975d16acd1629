// @ts-check
// Files that the reader takes away to correct elsewhere.
import { recordOf } from './csv.js';

/**
 * The header and the lines that are shown, so that they can be corrected and chosen again.
 * @param {import('./check.js').ImportFile} file
 */
export function wrongLines(file) {
  const rows = file.rows.peek().map(({ line, cells }) => file.corrections.peek().get(line) ?? cells);
  const text = [file.header.peek(), ...rows].map(recordOf).join('\r\n');
  // With a byte order mark spreadsheets know that it is UTF-8; an import passes over it.
  return new Blob(['\ufeff', text, '\r\n'], { type: 'text/csv' });
}

/**
 * @param {string} name `customers.csv`
 * @returns {string} `customers-corrected.csv`
 */
export function correctedName(name) {
  return `${name.replace(/\.[^.]*$/, '')}-corrected.csv`;
}
