const scope = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
const shown = (element) => element.checkVisibility({ visibilityProperty: true });
const plain = (text) => text.replace(/\s+/g, ' ').trim();
const called = (element) => plain(element.getAttribute('aria-label') ?? element.innerText);
const best = (elements, name, nameOf) =>
  elements.find((element) => nameOf(element) === name) ?? elements.find((element) => nameOf(element).startsWith(name)) ?? null;

function pressed(name) {
  const all = [...scope.querySelectorAll('a[href], button, summary, label, [role="button"]')].filter(shown);
  const found = best(all.filter((element) => !element.disabled && element.ariaDisabled !== 'true'), name, called);
  // On a phone the menu lies over the edge of the window.
  found?.scrollIntoView({ block: 'center' });
  return found;
}

function field(name) {
  const labels = [...scope.querySelectorAll('label')].filter((label) => label.control && shown(label.control));
  const label = best(labels, name, (element) => plain(element.innerText));
  if (label) return label.control;
  return best([...scope.querySelectorAll(':is(input, select, textarea)[aria-label]')].filter(shown), name, called);
}

function selected(name) {
  const found = field(name);
  if (!found || found.disabled) return null;
  found.focus();
  found.select?.();
  return found;
}

function option(name, text) {
  const found = field(name);
  return found instanceof HTMLSelectElement ? best([...found.options], text, (one) => plain(one.text)) : null;
}

function valued(name) {
  return field(name)?.value ?? null;
}
