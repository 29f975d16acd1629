// @ts-check
// Makes an API key, and shows it once.
import { api } from '../../api.js';
import { html } from '../../html.js';
import { Problem } from '../../problem.js';
import { href, navigate } from '../../router.js';
import { batch, signal } from '../../state.js';
import { t as common } from '../../text.js';
import { Form } from '../../ui/form.js';
import { icon } from '../../ui/icons.js';
import { notice } from '../../ui/notice.js';
import { toast } from '../../ui/toast.js';
import { draftOf, dropDraft, keepDraft } from '../drafts.js';
import { isStrong, ownScopes, scopeName } from './scopes.js';
import { t } from './text.js';

/** @typedef {import('./scopes.js').Scope} Scope */
/** @typedef {ReturnType<typeof draft>} Draft */

const DRAFT = 'key';
const DAY = 86_400_000;

function draft() {
  const scopes = signal(/** @type {Scope[]} */ ([]));
  const made = signal('');
  const form = new Form({ name: '', days: '365', networks: '' }, async ({ name, days, networks }) => {
    if (scopes.peek().length === 0) throw new Problem(422, 'no_scope', '', { errors: [{ pointer: '/scopes', code: 'no_scope', detail: t('new.no_scope') }] });
    const each = networks.split(/[\s,;]+/).filter(Boolean);
    const expires_at = new Date(Date.now() + Number(days) * DAY).toISOString();
    const { body } = await api.post('/auth/keys', { body: { name, scopes: scopes.peek(), expires_at, networks: each } });
    dropDraft(DRAFT);
    made.value = body.key ?? '';
  });
  form.shown.add('scopes');
  return { form, scopes, made };
}

/** @returns {import('../../screens.js').Screen} */
export function open() {
  /** @type {Draft} */
  const now = draftOf(DRAFT) ?? draft();
  keepDraft(DRAFT, now);
  batch(() => {
    now.form.problem.value = null;
    now.form.isBusy.value = false;
  });
  return {
    title: () => t(now.made.value ? 'new.done' : 'new.title'),
    view: () => (now.made.value ? shownOnce(now.made.value) : html`<div class="card key-form">${formView(now)}</div>`),
    close: () => {
      // The key is gone from this page as soon as it is left.
      now.made.value = '';
    },
  };
}

/** @param {Draft} now */
function formView({ form, scopes }) {
  const error = form.errors.value.scopes;
  /** @type {Array<[string, string]>} */
  const choices = [['30', t('new.month')], ['90', t('new.quarter')], ['365', t('new.year')], ['1095', t('new.three_years')]];
  const toggle = (/** @type {Scope} */ scope, /** @type {boolean} */ isOn) => {
    const { scopes: _, ...rest } = form.errors.peek();
    batch(() => {
      scopes.value = isOn ? [...scopes.peek(), scope] : scopes.peek().filter((one) => one !== scope);
      form.errors.value = rest;
    });
  };
  return form.view({
    fields: html`
      ${form.field('name', { label: t('new.name'), hint: t('new.name_hint'), maxlength: 120, required: true })}
      <fieldset class="scope-choice" aria-describedby="scopes-hint">
        <legend>${t('new.scopes')}</legend>
        <p class="hint" id="scopes-hint">${t('new.scopes_hint')}</p>
        <div class="scope-grid">${ownScopes().map((scope) => html`
          <label class="check"><input type="checkbox" name="scopes" value=${scope} aria-invalid=${Boolean(error)} .checked=${scopes.value.includes(scope)}
            @change=${(/** @type {any} */ event) => toggle(scope, event.target.checked)}> <span>${scopeName(scope)}</span></label>`)}</div>
        ${error ? html`<p class="error" role="alert">${error}</p>` : null}
        ${scopes.value.some(isStrong) ? notice(t('scope.strong')) : null}
      </fieldset>
      ${form.field('days', { label: t('new.expiry'), choices, required: true })}
      ${form.field('networks', { label: t('new.networks'), type: 'textarea', hint: t('new.networks_hint') })}`,
    action: t('new.action'),
    others: html`<a class="button" href=${href('keys')} @click=${() => dropDraft(DRAFT)}>${common('action.cancel')}</a>`,
  });
}

/** @param {string} key */
function shownOnce(key) {
  const copy = async () => {
    await navigator.clipboard.writeText(key);
    toast(common('action.copied'));
  };
  const select = (/** @type {any} */ event) => event.target.select();
  return html`
    <div class="card key-form">
      <p>${t('new.done_text')}</p>
      <label class="field"><span class="label sr-only">${t('new.done')}</span><textarea class="the-key mono" rows="3" readonly .value=${key} @focus=${select}></textarea></label>
      <div class="actions">
        ${navigator.clipboard ? html`<button type="button" class="primary" @click=${copy}>${icon('copy')}${t('new.copy')}</button>` : null}
        <button type="button" @click=${() => navigate('keys', { replace: true })}>${t('new.finish')}</button>
      </div>
    </div>`;
}
