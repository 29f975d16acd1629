// @ts-check
import { html, svg } from '../html.js';

// Lines on a grid of 24. Drawn for this console.
const PATHS = {
  people: svg`<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6"/><path d="M15.5 4.8a3.5 3.5 0 0 1 0 6.4M18 14.5c2 .8 3.2 2.7 3.5 5.5"/>`,
  person: svg`<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.6-4.3 3.4-6.5 7.5-6.5s6.9 2.2 7.5 6.5"/>`,
  customers: svg`<rect x="4" y="3" width="16" height="18" rx="3"/><circle cx="12" cy="10" r="2.5"/><path d="M7.5 17c.7-2.3 2.3-3.5 4.5-3.5s3.8 1.2 4.5 3.5"/>`,
  handover: svg`<path d="M4 8h15m-4-4 4 4-4 4M20 16H5m4-4-4 4 4 4"/>`,
  columns: svg`<rect x="3.5" y="4" width="17" height="16" rx="2"/><path d="M9.2 4v16M14.8 4v16"/>`,
  approvals: svg`<circle cx="10" cy="8" r="3.5"/><path d="M3.5 20c.5-4 3-6 6.5-6 1.3 0 2.4.3 3.4.8"/><path d="m15 18.5 2.2 2.2 4.3-4.7"/>`,
  files: svg`<path d="M6 3h8l5 5v11a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z"/><path d="M14 3v5h5M8 13h7M8 17h7"/>`,
  audit: svg`<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>`,
  key: svg`<circle cx="8" cy="15.5" r="4.5"/><path d="m11.3 12.3 8.2-8.3M16 7.5l3 3"/>`,
  search: svg`<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/>`,
  add: svg`<path d="M12 5v14M5 12h14"/>`,
  phone: svg`<path d="M5 3.5h3.5l1.5 4.5-2.3 1.5a12 12 0 0 0 6.3 6.3l1.5-2.3 4.5 1.5v3.5a2 2 0 0 1-2.2 2C10.5 19.8 4.2 13.5 3 5.7A2 2 0 0 1 5 3.5z"/>`,
  chat: svg`<path d="M4 20l1.3-4A8 8 0 1 1 8.5 19z"/>`,
  edit: svg`<path d="m4 20 1-4.5L16.5 4l3.5 3.5L8.5 19z"/>`,
  close: svg`<path d="m6 6 12 12M18 6 6 18"/>`,
  back: svg`<path d="m14 5-7 7 7 7"/>`,
  next: svg`<path d="m10 5 7 7-7 7"/>`,
  check: svg`<path d="m5 12.5 4.5 4.5L19 7"/>`,
  warning: svg`<path d="M12 3.5 22 20.5H2z"/><path d="M12 10v4.5M12 17.5v.1"/>`,
  leave: svg`<path d="M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M15 8l4 4-4 4M19 12H9"/>`,
  filter: svg`<path d="M4 6h16M7 12h10M10 18h4"/>`,
  download: svg`<path d="M12 4v11m-4.5-4.5L12 15l4.5-4.5M4.5 20h15"/>`,
  upload: svg`<path d="M12 15V4M7.5 8.5 12 4l4.5 4.5M4.5 20h15"/>`,
  trash: svg`<path d="M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13"/>`,
  copy: svg`<rect x="8" y="8" width="12" height="12" rx="2"/><path d="M16 8V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h2"/>`,
  more: svg`<path d="M5 12h.1M12 12h.1M19 12h.1"/>`,
};

/** @typedef {keyof typeof PATHS} Icon */

/**
 * A picture beside words; it says nothing by itself.
 * @param {Icon} name
 */
export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${PATHS[name]}</svg>`;
}

/** The sign of the product. */
export function logo() {
  return html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false"
    ><rect class="logo-ground" width="32" height="32" rx="9"/><path class="logo-line" d="M22 11.2a7.5 7.5 0 1 0 0 9.6"/><circle class="logo-dot" cx="17" cy="16" r="2.6"/></svg>`;
}
