// @ts-check
// What a client calls itself, in words.
import { visible } from '../../format.js';
import { t } from '../person/text.js';

// The first that fits: Edge and Opera call themselves Chrome too, and Chrome calls itself Safari.
/** @type {Array<[RegExp, string]>} */
const BROWSERS = [[/Edg/, 'Edge'], [/OPR|Opera/, 'Opera'], [/SamsungBrowser/, 'Samsung Internet'], [/YaBrowser/, 'Yandex Browser'],
  [/Firefox|FxiOS/, 'Firefox'], [/Chrom|CriOS/, 'Chrome'], [/Safari/, 'Safari'], [/curl/, 'curl']];
/** @type {Array<[RegExp, string]>} */
const SYSTEMS = [[/Android/, 'Android'], [/iPhone|iPod/, 'iPhone'], [/iPad/, 'iPad'], [/Windows/, 'Windows'], [/CrOS/, 'ChromeOS'], [/Mac OS/, 'macOS'], [/Linux|X11/, 'Linux']];
const LONGEST = 80;

/**
 * @param {string | null} agent
 * @returns {string} Such as `Chrome on Android`.
 */
export function deviceOf(agent) {
  if (!agent) return t('me.unknown_device');
  const browser = BROWSERS.find(([mark]) => mark.test(agent))?.[1];
  const system = SYSTEMS.find(([mark]) => mark.test(agent))?.[1];
  if (browser && system) return t('device.on', { browser, system });
  return browser ?? system ?? visible(agent.slice(0, LONGEST));
}
