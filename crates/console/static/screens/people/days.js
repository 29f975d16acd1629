// @ts-check
// From which day to which day people were entered.
import { html } from '../../html.js';
import { query, setQuery } from '../../router.js';
import { openDialog } from '../../ui/dialog.js';
import { Form } from '../../ui/form.js';
import { t } from './text.js';

/** Asks for the days, and puts them into the query. */
export function pickDays() {
  const [from, to] = [query.peek().get('created_from') ?? '', query.peek().get('created_to') ?? ''];
  /** @type {(result?: undefined) => void} */
  let done = () => {};
  const form = new Form({ created_from: from, created_to: to }, async (values) => {
    setQuery(values, { push: true });
    done();
  });
  const last = (/** @type {number} */ days) => {
    setQuery({ created_from: day(1 - days), created_to: null }, { push: true });
    done();
  };
  return openDialog({
    title: t('people.added'),
    view: (close) => {
      done = close;
      return html`
        <div class="actions">${/** @type {const} */ ([[1, 'people.today'], [7, 'people.week'], [30, 'people.month']]).map(([days, text]) => html`
          <button type="button" @click=${() => last(days)}>${t(text)}</button>`)}</div>
        ${form.view({
          fields: html`
            ${form.field('created_from', { label: t('people.from_day'), type: 'date' })}
            ${form.field('created_to', { label: t('people.to_day'), type: 'date' })}`,
          action: t('people.apply'),
        })}`;
    },
  });
}

/**
 * @param {number} later Days after today.
 * @returns {string} A day of the reader's calendar: `2026-01-31`.
 */
function day(later) {
  const now = new Date();
  const at = new Date(now.getFullYear(), now.getMonth(), now.getDate() + later);
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
