// @ts-check
// English. Each screen has a section of its own.

/** @param {number} n @param {string} one @param {string} many */
const count = (n, one, many) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

export default {
  // -- Everywhere
  'app.name': 'Clientele',
  'app.loading': 'Loading the console…',
  'app.skip': 'Skip to the content',
  'app.menu': 'Menu',
  'app.offline': 'The server cannot be reached. What you typed is kept; we keep trying.',
  'app.unavailable': 'The server is busy or starting. We keep trying.',
  'app.new_version': 'There is a newer version of the console.',
  'app.reload': 'Reload',
  'app.not_found': 'Not found',
  'app.not_found_text': 'Nothing is here, or nothing that you may see.',
  'app.home': 'Go to the first page',
  'app.broken': 'This page did not load.',
  'app.no_cookie': 'This browser keeps no session over plain http. You stay signed in until you reload the page.',
  'app.nothing_yet': 'Your account has no screens in this console.',
  'action.cancel': 'Cancel',
  'action.close': 'Close',
  'action.save': 'Save',
  'action.try_again': 'Try again',
  'action.undo': 'Undo',
  'action.back': 'Back',
  'action.continue': 'Continue',
  'action.copy': 'Copy',
  'action.copied': 'Copied.',
  'action.sign_out': 'Sign out',
  'action.more': 'Show more',
  'action.dismiss': 'Dismiss',
  'form.wait': ({ seconds = 0 }) => `Try again in ${count(seconds, 'second', 'seconds')}.`,
  'form.check': 'Please check the marked fields.',
  'form.show': 'Show',
  'form.hide': 'Hide',
  'form.show_password': 'Show the password',
  'form.hide_password': 'Hide the password',
  'form.optional': 'optional',
  'form.required': 'Please fill this in.',
  'list.loading': 'Loading…',
  'list.end': 'That is all.',
  'value.none': '—',
  'value.hidden': 'An invisible character is shown as its code.',
  'role.admin': 'Admin',
  'role.manager': 'Manager',
  'role.customer': 'Customer',
  'status.active': 'Active',
  'status.inactive': 'Inactive',
  'channel.email': 'e-mail',
  'channel.phone': 'text message',
  'channel.whatsapp': 'WhatsApp',
  'field.display_name': 'Name',
  'field.email': 'E-mail',
  'field.phone': 'Phone',
  'field.password': 'Password',
  'field.new_password': 'New password',
  'field.code': 'Code',
  'field.password_hint': 'At least 12 characters. A sentence is good.',
  'field.phone_hint': 'With its country code, such as +998 90 123 45 67.',
  'keys.title': 'Keyboard',
  'keys.search': 'Search',
  'keys.next': 'Next row',
  'keys.previous': 'Previous row',
  'keys.open': 'Open the row',
  'keys.edit': 'Edit',
  'keys.help': 'Show this list',
  'keys.enabled': 'These keys work',
  'reauth.title': 'Is it you?',
  'reauth.text': 'This needs your password once more. It counts for five minutes.',
  'reauth.action': 'Confirm',
  'menu.welcome': 'First steps',

  // -- Sign in
  'sign_in.title': 'Sign in',
  'sign_in.email': 'With e-mail',
  'sign_in.phone': 'With phone',
  'sign_in.how': 'How to sign in',
  'sign_in.action': 'Sign in',
  'sign_in.send_code': 'Send me a code',
  'sign_in.forgot': 'Forgot your password?',
  'sign_in.invited': 'I have an invitation',
  'sign_in.sign_up': 'Create an account',
  'sign_in.ended': 'Your session has ended. Sign in to go on where you were.',
  'sign_in.signed_out': 'You are signed out.',
  'sign_in.code_title': 'Enter the code',
  'sign_in.code_sent': 'If this account exists, a code of six digits is on its way by {channel}. It works once, for {minutes} minutes.',
  'sign_in.verify': 'Continue',
  'sign_in.tries': ({ tries = 0 }) => `The code is not right. ${count(tries, 'try is', 'tries are')} left.`,
  'sign_in.code_spent': 'This code is wrong or no longer valid. Go back and ask for a new one.',
  'sign_in.forgot_title': 'Set a new password',
  'sign_in.forgot_text': 'We send a code to whoever has an account with this e-mail.',
  'sign_in.reset_title': 'Choose your password',
  'sign_in.reset_action': 'Set the password',
  'sign_in.reset_done': 'Your password is set. Sign in with it.',
  'sign_in.invitation_title': 'Welcome',
  'sign_in.invitation_text': 'Your invitation has a code of six digits and names a challenge. Both work for 72 hours.',
  'sign_in.challenge': 'Challenge',
  'sign_in.challenge_hint': 'The long id at the end of the message.',
  'sign_in.waiting_title': 'Almost there',
  'sign_in.waiting_text': 'An admin has to approve your account. You can sign in as soon as this is done.',
  'sign_in.inactive_text': 'Your password is right, but your account is not active. An admin has to approve or activate it.',
  'sign_in.to_sign_in': 'Back to sign in',
  'sign_in.up_title': 'Create an account',
  'sign_in.up_staff': 'For staff',
  'sign_in.up_customer': 'For customers',
  'sign_in.up_who': 'Who are you?',
  'sign_in.up_action': 'Create the account',
  'sign_in.up_closed': 'Nobody can create such an account here. Ask an admin of your company to add you.',

  // -- First minute
  'setup.title': 'Welcome to Clientele',
  'setup.text': 'Make yourself the first admin. It takes one form.',
  'setup.action': 'Create my account',
  'setup.spent': 'This link no longer works: it is for the first admin only. Sign in, or start the program again for a new link.',
  'welcome.title': 'First steps',
  'welcome.text': 'Two things, each a minute. You can leave them for later.',
  'welcome.manager': 'Add your first manager',
  'welcome.manager_text': 'Managers look after customers. With a password from you they can start at once; without one we send an invitation.',
  'welcome.manager_action': 'Add the manager',
  'welcome.customer': 'Add your first customer',
  'welcome.customer_text': 'A name and a phone are enough.',
  'welcome.customer_action': 'Add the customer',
  'welcome.manager_of': 'Looked after by',
  'welcome.nobody': 'Nobody yet',
  'welcome.added': '{name} is added.',
  'welcome.another': 'Add another',
  'welcome.done': 'Done. Go to the console',

  // -- People

  // -- My customers

  // -- Person

  // -- Leaver

  // -- Approvals

  // -- Files

  // -- Audit

  // -- Keys

  // -- Me
};
