// @ts-check
// Customers in, people out, as files.
import { html } from '../html.js';
import { ImportFile } from './files/check.js';
import { Export } from './files/export.js';
import { importCard } from './files/import.js';
import { t } from './files/text.js';

/** @returns {import('../screens.js').Screen} */
export function open() {
  const file = new ImportFile();
  const out = new Export();
  return {
    title: () => t('title'),
    view: () => html`<div class="files">${importCard(file)}${out.view()}</div>`,
    close: () => {
      file.aborter.abort();
      out.stop();
    },
  };
}
