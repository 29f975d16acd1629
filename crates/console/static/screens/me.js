// @ts-check
// One's own profile, password, sessions, and how the console looks.
import { html } from '../html.js';
import { can, me } from '../session.js';
import { loadProblem, skeleton } from '../ui/notice.js';
import { appearance } from './me/appearance.js';
import { password } from './me/password.js';
import { sessions } from './me/sessions.js';
import { stored } from './me/stored.js';
import { details } from './person/details.js';
import { Record } from './person/record.js';
import { t } from './person/text.js';
import { t as common } from '../text.js';

/** @returns {import('../screens.js').Screen} */
export function open() {
  const record = new Record(me()?.id ?? '');
  const profile = details(record);
  const change = password();
  const own = sessions();
  const data = stored(record.id);
  const mine = () => {
    const { problem, user } = { problem: record.problem.value, user: record.user };
    if (problem) return loadProblem(problem, () => void record.load());
    return user ? profile.view(user) : skeleton(3);
  };
  return {
    title: () => common('menu.me'),
    ready: Promise.all([record.load(), own.restart()]),
    view: () => html`
      <div class="me">
        <section aria-label=${t('me.profile')}>${mine()}</section>
        <div class="me-columns">
          ${own.view()}
          <div class="me">
            ${me()?.role === 'customer' ? null : change.view()}
            ${appearance()}
            ${can('read_personal_data') ? data.view() : null}
          </div>
        </div>
      </div>`,
    close: () => {
      record.close();
      own.close();
    },
  };
}
