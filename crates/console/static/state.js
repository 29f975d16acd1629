// @ts-check
import { render } from './html.js';
import { effect } from './vendor/signals/signals-core.js';

export { signal, computed, effect, batch, untracked } from './vendor/signals/signals-core.js';

/**
 * Renders the view into the container now, and again whenever a signal that it read changes. Change several signals
 * in one `batch`, or each of them renders.
 * @param {HTMLElement} container
 * @param {() => unknown} view
 * @returns {() => void} Ends it.
 */
export function mount(container, view) {
  return effect(() => {
    render(view(), container);
  });
}
