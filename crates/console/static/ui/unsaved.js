// @ts-check
// Whether something was typed that a reload would lose. The browser asks then; its question has words of its own.

/** Ids of the forms in which somebody has typed. Whoever is signed in sees no form with the id of one that was left. */
const touched = new Set();
/** @type {Array<() => boolean>} */
const others = [];

/** Notices what is typed into forms, and into elements that have an id and `data-typed`. */
export function watchTyping() {
  document.addEventListener('input', ({ target }) => {
    const form = target instanceof Element ? target.closest('.frame form[id], .frame [data-typed]') : null;
    if (!form) return;
    // A page that has this listener may not be kept for the back button, so it comes with the first key.
    if (touched.size === 0) addEventListener('beforeunload', ask);
    touched.add(form.id);
  });
}

/** @param {string} id It is saved. */
export function saved(id) {
  if (touched.delete(id) && touched.size === 0) removeEventListener('beforeunload', ask);
}

/** @param {(isTouched: (id: string) => boolean) => boolean} has Whether something is kept that is on no screen. */
export function keepsUnsaved(has) {
  others.push(() => has((id) => touched.has(id)));
}

/** @param {BeforeUnloadEvent} event */
function ask(event) {
  const isShown = [...touched].some((id) => document.getElementById(id)?.closest('.frame'));
  if (isShown || others.some((has) => has())) event.preventDefault();
}
