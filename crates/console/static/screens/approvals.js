// @ts-check
// Staff who signed up and wait for an admin.
import { api } from '../api.js';
import { nameOf, time, words } from '../format.js';
import { html, repeat } from '../html.js';
import { Problem } from '../problem.js';
import { href } from '../router.js';
import { can } from '../session.js';
import { batch, signal } from '../state.js';
import { named } from '../text.js';
import { confirmDialog } from '../ui/dialog.js';
import { icon } from '../ui/icons.js';
import { empty, problemNotice } from '../ui/notice.js';
import { Pages } from '../ui/pages.js';
import { toast } from '../ui/toast.js';
import { KEPT_DAYS, refuse, waitingPage } from './approvals/waiting.js';
import { plainPhone } from './people/columns.js';
import { t } from './people/text.js';

/** @typedef {import('../session.js').User} User */

const DAY = 86_400_000;

/** @returns {import('../screens.js').Screen} */
export function open() {
  const pages = new Pages(waitingPage);
  const board = new Board(pages);
  return {
    title: () => t('approvals.title'),
    ready: pages.restart(),
    view: () => html`<div class="narrow">
      <p class="lead">${t('approvals.text')}</p>
      ${pages.view((items) => (items.length === 0 ? nobody() : board.view(items)), nobody())}
    </div>`,
    close: () => pages.close(),
  };
}

function nobody() {
  return empty(t('approvals.empty'), html`<a class="button" href=${href('people/new', { role: 'manager' })}>${icon('add')}${t('approvals.add')}</a>`);
}

/** Decides, and takes whoever no longer waits off the list. */
class Board {
  /** @param {Pages<User>} pages */
  constructor(pages) {
    this.pages = pages;
    this.busy = signal(/** @type {ReadonlySet<string>} */ (new Set()));
    this.problems = signal(/** @type {ReadonlyMap<string, Problem>} */ (new Map()));
  }

  /** @param {User[]} items */
  view(items) {
    return html`<ul class="waiting">${repeat(items, ({ id }) => id, (one) => this.card(one))}</ul>`;
  }

  /** @param {User} person */
  card(person) {
    const [isBusy, problem] = [this.busy.value.has(person.id), this.problems.value.get(person.id)];
    return html`<li class="card" aria-busy=${isBusy}>
      <div class="card-head"><a class="person-link" data-row href=${href(`people/${person.id}`)}><bdi class="words">${nameOf(person)}</bdi></a>${proof(person)}</div>
      <dl class="card-lines">
        <div><dt>${t('field.email')}</dt><dd>${words('email' in person ? person.email : null)}</dd></div>
        ${person.phone ? html`<div><dt>${t('field.phone')}</dt><dd>${plainPhone(person.phone)}</dd></div>` : null}
        ${'verification_method' in person ? html`<div><dt>${t('column.verification_method')}</dt><dd>${named('channel', person.verification_method)}</dd></div>` : null}
        ${'tin_trunk_number' in person && person.tin_trunk_number ? html`<div><dt>${t('column.tin_trunk_number')}</dt><dd>${words(person.tin_trunk_number)}</dd></div>` : null}
        <div><dt>${t('approvals.asked')}</dt><dd>${time(person.created_at)}</dd></div>
        <div><dt>${t('approvals.forgotten')}</dt><dd>${time(new Date(Date.parse(person.created_at) + KEPT_DAYS * DAY).toISOString())}</dd></div>
      </dl>
      ${person.verified_at ? null : html`<p class="muted small">${t('approvals.not_proven_text')}</p>`}
      ${problem ? problemNotice(problem) : null}
      <div class="actions">
        <button type="button" class="primary" aria-disabled=${isBusy} @click=${() => this.approve(person)}>${icon('check')}${t('approvals.approve')}</button>
        ${can('erase_user') ? html`<button type="button" aria-disabled=${isBusy} @click=${() => this.refuse(person)}>${t('approvals.refuse')}</button>` : null}
      </div></li>`;
  }

  /** @param {User} person */
  approve(person) {
    return this.decide(person, async () => {
      await api.patch('/users/{id}', { params: { id: person.id }, body: { is_active: true } });
      return 'approvals.approved';
    });
  }

  /** @param {User} person */
  async refuse(person) {
    const isSure = await confirmDialog({
      title: t('approvals.refuse_title'),
      text: t('approvals.refuse_text', { name: nameOf(person) }),
      action: t('approvals.refuse'),
      danger: true,
    });
    if (isSure) await this.decide(person, async () => ((await refuse(person)) ? 'approvals.refused' : 'approvals.others_approved'));
  }

  /**
   * @param {User} person
   * @param {() => Promise<'approvals.approved' | 'approvals.refused' | 'approvals.others_approved'>} act Says what came of it.
   */
  async decide(person, act) {
    const { id } = person;
    if (this.busy.peek().has(id)) return;
    this.busy.value = new Set([...this.busy.peek(), id]);
    try {
      const told = await act();
      this.settle(id, null);
      toast(t(told, { name: nameOf(person) }));
      document.querySelector(/** @type {'h1'} */ ('main h1'))?.focus();
    } catch (error) {
      const problem = Problem.from(error);
      this.settle(id, problem);
      // Somebody else decided or changed them first: show them as they are now.
      if (problem.status === 412 || problem.status === 404) void this.pages.restart();
    }
  }

  /**
   * @param {string} id
   * @param {Problem | null} problem Without one they no longer wait.
   */
  settle(id, problem) {
    const problems = new Map(this.problems.peek());
    problems.delete(id);
    if (problem) problems.set(id, problem);
    batch(() => {
      this.problems.value = problems;
      this.busy.value = new Set([...this.busy.peek()].filter((one) => one !== id));
      if (!problem) this.pages.items.value = this.pages.items.peek().filter((one) => one.id !== id);
    });
  }
}

/** @param {User} person */
function proof(person) {
  return html`<span class="proof ${person.verified_at ? 'good' : ''}">${icon(person.verified_at ? 'check' : 'warning')}${t(person.verified_at ? 'approvals.proven' : 'approvals.not_proven')}</span>`;
}
