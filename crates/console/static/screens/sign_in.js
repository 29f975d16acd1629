// @ts-check
// Every way in. Each step is a form or a sentence, and says what comes next.
import { api } from '../api.js';
import { html } from '../html.js';
import { Problem } from '../problem.js';
import { session } from '../session.js';
import { batch, signal } from '../state.js';
import { t } from '../text.js';
import { Form } from '../ui/form.js';
import { notice } from '../ui/notice.js';
import { toast } from '../ui/toast.js';
import { accept } from './sign_in/accept.js';

/** @typedef {{ title: string, view: () => unknown }} Step */
/**
 * @typedef {object} Way
 * @property {(step: Step) => void} to Shows a step.
 * @property {(note?: string) => void} toStart
 * @property {(sent: import('./sign_in/accept.js').Sent) => Promise<void>} toCode
 * @property {(text: string) => void} toWaiting
 * @property {(challenge: string, text: string) => Promise<void>} toReset
 */

/** @returns {import('../ui/frame.js').Gate} */
export function open() {
  const shown = signal(/** @type {Step | null} */ (null));
  const note = signal(noteOf(session.peek()));
  const isDone = () => note.value === t('sign_in.reset_done');
  /**
   * @param {Step} step
   * @param {string} [text] What went well before.
   */
  const to = (step, text = '') => {
    batch(() => {
      shown.value = step;
      note.value = text;
    });
    requestAnimationFrame(() => document.querySelector(/** @type {'h1'} */ ('.gate h1'))?.focus());
  };
  /** @type {Way} */
  const way = {
    to,
    toStart: (text) => to(start(way), text),
    toCode: async (sent) => to((await import('./sign_in/code.js')).codeStep(sent, way)),
    toWaiting: (text) => to(waiting(text, way)),
    toReset: async (challenge, text) => to((await import('./sign_in/password.js')).resetStep(challenge, text, way)),
  };
  shown.value = start(way);
  return {
    view: () => {
      const step = shown.value;
      document.title = `${step?.title} · ${t('app.name')}`;
      return html`<h1 tabindex="-1">${step?.title}</h1>${note.value ? notice(note.value, isDone() ? 'good' : 'plain') : null}${step?.view()}`;
    },
  };
}

/**
 * @param {import('../session.js').Session} now
 * @returns {string}
 */
function noteOf(now) {
  if (now.state !== 'anonymous' || !now.reason) return '';
  return t(now.reason === 'ended' ? 'sign_in.ended' : 'sign_in.signed_out');
}

/**
 * E-mail and password, or a phone.
 * @param {Way} way
 * @returns {Step}
 */
function start(way) {
  const how = signal(/** @type {'email' | 'phone'} */ ('email'));
  const byEmail = new Form({ email: '', password: '' }, async (body) => {
    try {
      await accept((await api.post('/auth/signin', { body, anonymous: true, session: true })).body, way);
    } catch (error) {
      if (error instanceof Problem && error.code === 'account_inactive') return way.toWaiting(t('sign_in.inactive_text'));
      throw error;
    }
  });
  const byPhone = new Form({ phone: '' }, async (body) => {
    await accept((await api.post('/auth/signin', { body, anonymous: true, session: true })).body, way);
  });
  const tab = (/** @type {'email' | 'phone'} */ value, /** @type {string} */ text) => html`
    <button type="button" aria-pressed=${how.value === value} @click=${() => (how.value = value)}>${text}</button>`;
  const email = () => byEmail.view({
    fields: html`
      ${byEmail.field('email', { label: t('field.email'), type: 'email', inputmode: 'email', autocomplete: 'username', required: true })}
      ${byEmail.field('password', { label: t('field.password'), type: 'password', autocomplete: 'current-password', required: true })}`,
    action: t('sign_in.action'),
    others: html`<button type="button" class="link" @click=${() => later(async () => way.to((await import('./sign_in/password.js')).forgotStep(byEmail.values.peek().email, way)))}>${t('sign_in.forgot')}</button>`,
  });
  const phone = () => byPhone.view({
    fields: byPhone.field('phone', { label: t('field.phone'), type: 'tel', inputmode: 'tel', autocomplete: 'tel', hint: t('field.phone_hint'), required: true }),
    action: t('sign_in.send_code'),
  });
  return {
    title: t('sign_in.title'),
    view: () => html`
      <div class="tabs" role="group" aria-label=${t('sign_in.how')}>${tab('email', t('sign_in.email'))}${tab('phone', t('sign_in.phone'))}</div>
      <div ?hidden=${how.value !== 'email'}>${email()}</div>
      <div ?hidden=${how.value !== 'phone'}>${phone()}</div>
      <div class="ways">
        <button type="button" class="link" @click=${() => later(async () => way.to((await import('./sign_in/password.js')).invitationStep(way)))}>${t('sign_in.invited')}</button>
        <button type="button" class="link" @click=${() => later(async () => way.to((await import('./sign_in/sign_up.js')).signUpStep(way)))}>${t('sign_in.sign_up')}</button>
      </div>`,
  };
}

/**
 * Few need these steps, so they are fetched when somebody does.
 * @param {() => Promise<void>} step
 */
function later(step) {
  void step().catch(() => toast(t('app.offline'), { tone: 'bad' }));
}

/**
 * @param {string} text
 * @param {Way} way
 * @returns {Step}
 */
function waiting(text, way) {
  return {
    title: t('sign_in.waiting_title'),
    view: () => html`<p>${text}</p><div class="actions"><button type="button" class="primary" @click=${() => way.toStart()}>${t('sign_in.to_sign_in')}</button></div>`,
  };
}
