// @ts-check
// CSV as the API reads it (RFC 4180). Only the lines that are shown are taken apart: a file may have a million.

/**
 * A record of the file and where it is. Line breaks in quotes count as lines, as an editor counts them.
 * @typedef {{ line: number, start: number, end: number }} Place
 */
/** @typedef {{ line: number, cells: string[] }} Row */

/**
 * The text with one kind of line end.
 * @param {string} text
 */
export function plain(text) {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

/**
 * Where each record is. Empty lines are none.
 * @param {string} text As `plain` makes it.
 * @returns {Generator<Place>}
 */
export function* places(text) {
  let [start, line] = [0, 1];
  while (start < text.length) {
    const end = endOf(text, start);
    if (end > start) yield { line, start, end };
    line += breaks(text, start, end) + 1;
    start = end + 1;
  }
}

/**
 * Where the record that begins here ends: at the next line break outside quotes.
 * @param {string} text
 * @param {number} start
 */
function endOf(text, start) {
  let from = start;
  for (;;) {
    const end = text.indexOf('\n', from);
    if (end < 0) return text.length;
    const quote = openQuote(text, from, end);
    if (quote < 0) return end;
    const close = closing(text, quote + 1);
    if (close < 0) return text.length;
    from = close + 1;
  }
}

/**
 * The quote that opens a cell before `end`, if there is one.
 * @param {string} text
 * @param {number} from
 * @param {number} end
 */
function openQuote(text, from, end) {
  for (let at = text.indexOf('"', from); at >= 0 && at < end; at = text.indexOf('"', at + 1)) {
    if (at === 0 || text[at - 1] === ',' || text[at - 1] === '\n') return at;
  }
  return -1;
}

/**
 * The quote that ends a cell; two are one character of it.
 * @param {string} text
 * @param {number} from
 */
function closing(text, from) {
  let at = text.indexOf('"', from);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}

/**
 * @param {string} text
 * @param {number} start
 * @param {number} end
 */
function breaks(text, start, end) {
  let count = 0;
  for (let at = text.indexOf('\n', start); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/**
 * The cells of one record.
 * @param {string} record
 * @returns {string[]}
 */
export function cellsOf(record) {
  const cells = [];
  let at = 0;
  for (;;) {
    let cell = '';
    if (record[at] === '"') {
      const close = closing(record, at + 1);
      cell = record.slice(at + 1, close < 0 ? undefined : close).replaceAll('""', '"');
      at = close < 0 ? record.length : close + 1;
    }
    const comma = record.indexOf(',', at);
    cells.push(cell + record.slice(at, comma < 0 ? undefined : comma));
    if (comma < 0) return cells;
    at = comma + 1;
  }
}

/**
 * @param {string[]} cells
 * @returns {string} A record without its line end.
 */
export function recordOf(cells) {
  return cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',');
}

/**
 * The first record and those that are asked for.
 * @param {string} text As `plain` makes it.
 * @param {(line: number, nth: number) => boolean} isWanted The header is the 0th.
 * @returns {{ header: string[], rows: Row[] }}
 */
export function pick(text, isWanted) {
  /** @type {Row[]} */
  const rows = [];
  let header = /** @type {string[] | null} */ (null);
  let nth = 0;
  for (const { line, start, end } of places(text)) {
    if (!header) header = cellsOf(text.slice(start, end));
    else if (isWanted(line, nth)) rows.push({ line, cells: cellsOf(text.slice(start, end)) });
    nth++;
  }
  return { header: header ?? [], rows };
}

/**
 * The file with other cells in these lines.
 * @param {string} text As `plain` makes it.
 * @param {Map<number, string[]>} corrections Cells by line.
 */
export function corrected(text, corrections) {
  const parts = [];
  let kept = 0;
  for (const { line, start, end } of places(text)) {
    const cells = corrections.get(line);
    if (!cells) continue;
    parts.push(text.slice(kept, start), recordOf(cells));
    kept = end;
  }
  return parts.join('') + text.slice(kept);
}
