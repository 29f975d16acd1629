// @ts-check
// Ten seconds to think again: the inverse patch under the ETag that the change has made.
import { Problem } from '../../problem.js';
import { t as common } from '../../text.js';
import { toast } from '../../ui/toast.js';
import { isMe } from './rights.js';
import { inverse } from './patch.js';
import { t } from './text.js';

/** @typedef {import('./record.js').State} State */

const ENDS_SESSIONS = ['email', 'phone', 'role', 'is_active'];

/**
 * @param {import('./record.js').Record} record
 * @param {{ before: State, after: State, wanted: import('./patch.js').Wanted }} done
 * @param {string} text What was done.
 */
export function offerUndo(record, { before, after, wanted }, text) {
  const endsOwn = isMe(after.user) && ENDS_SESSIONS.some((field) => wanted.has(field));
  if (wanted.size === 0 || endsOwn) {
    toast(text);
    // One's own session has ended: the way in comes at once, not at the next click.
    if (endsOwn) void record.load();
    return;
  }
  const run = async () => {
    try {
      const undone = await record.save(after, inverse(before.user, wanted));
      if (undone) toast(t('details.undone'));
    } catch (error) {
      toast(t('details.not_undone', { detail: Problem.from(error).detail }), { tone: 'bad', action: { label: common('action.try_again'), run } });
    }
  };
  toast(text, { action: { label: common('action.undo'), run } });
}
