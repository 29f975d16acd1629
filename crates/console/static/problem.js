// @ts-check

/** @typedef {import('./types.js').components['schemas']['Problem']} ProblemBody */
/** @typedef {import('./types.js').components['schemas']['FieldError']} FieldError */

/** A refusal of the API (RFC 9457), or a server that does not answer (`offline`). */
export class Problem extends Error {
  /**
   * @param {number} status 0 if there was no answer.
   * @param {string} code Stable; `docs/errors.md` lists all.
   * @param {string} detail A sentence for people.
   * @param {Partial<ProblemBody>} [body]
   * @param {number} [retryAfter] Seconds.
   */
  constructor(status, code, detail, body = {}, retryAfter = 0) {
    super(detail);
    this.status = status;
    this.code = code;
    this.detail = detail;
    /** @type {FieldError[]} */
    this.errors = body.errors ?? [];
    this.triesLeft = body.tries_left;
    this.customers = body.customers;
    this.requestId = body.request_id;
    this.retryAfter = retryAfter;
  }

  /**
   * @param {Response} response An answer that is no success.
   * @returns {Promise<Problem>}
   */
  static async of(response) {
    const text = await response.text().catch(() => '');
    const body = parsed(text);
    const code = body.code ?? 'unknown';
    const detail = body.detail ?? `The server answered ${response.status}.`;
    return new Problem(response.status, code, sentence(detail), body, seconds(response.headers.get('Retry-After')));
  }

  /** @returns {Problem} Nobody answered. */
  static offline() {
    return new Problem(0, 'offline', 'The server cannot be reached. What you typed is kept.');
  }

  /**
   * What somebody threw, as a problem.
   * @param {unknown} error
   * @returns {Problem}
   */
  static from(error) {
    if (error instanceof Problem) return error;
    console.error(error);
    return new Problem(0, 'broken', error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} text
 * @returns {Partial<ProblemBody>}
 */
function parsed(text) {
  try {
    const body = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}

/**
 * Details begin in lower case and have no full stop.
 * @param {string} detail
 */
export function sentence(detail) {
  const text = detail.charAt(0).toUpperCase() + detail.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** @param {string | null} value */
function seconds(value) {
  if (!value) return 0;
  if (/^\d+$/.test(value)) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? 0 : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
