// @ts-check
// Starts the console.
import './appearance.js';
import { copyPhones } from './format.js';
import { listen, takeFragment } from './router.js';
import { start } from './session.js';
import { frame } from './ui/frame.js';
import { listenToKeys } from './ui/keys.js';
import { watchTyping } from './ui/unsaved.js';
import { onReauthentication } from './api.js';
import { mount } from './state.js';
import { language } from './text.js';

// A browser resolves these again when the address of the page changes. From then on their relative form leads elsewhere.
for (const link of document.querySelectorAll('link')) {
  if (link.rel === 'icon' || link.rel === 'manifest') link.setAttribute('href', link.href);
}
const fragment = takeFragment();
document.documentElement.lang = language;
listen();
listenToKeys();
watchTyping();
copyPhones();
// Forms are loaded with the first of them.
onReauthentication(async () => (await import('./ui/reauth.js')).askAgain());
const app = document.getElementById('app');
if (app) mount(app, frame({ setupToken: fragment.get('setup') }));
void start();
