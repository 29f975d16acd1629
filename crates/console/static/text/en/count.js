// @ts-check
/** @param {number} n @param {string} one @param {string} many */
export const count = (n, one, many) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
