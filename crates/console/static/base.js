// @ts-check
// Addresses come from that of this module, `<root>console/<hash>/base.js`, so they hold below any path prefix.

/** The folder of the console. */
export const CONSOLE = new URL('../', import.meta.url);

/** The root of the API. */
export const API = new URL('../../', import.meta.url);

/** What this browser keeps for the console begins with it, since others may live on the same host. */
export const PLACE = `clientele ${API.pathname}`;
