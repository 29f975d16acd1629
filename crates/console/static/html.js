// @ts-check
// What screens render with. Values in a template are text: `lit-html` never reads markup in them.
export { html, svg, nothing, render } from './vendor/lit/lit-html.js';
export { repeat } from './vendor/lit/directives/repeat.js';
export { live } from './vendor/lit/directives/live.js';
