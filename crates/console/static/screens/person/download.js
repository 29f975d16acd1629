// @ts-check
// Everything stored about a person, as a file of the reader.
import { fetchRaw } from '../../api.js';
import { Problem } from '../../problem.js';

/** @param {string} id */
export async function downloadData(id) {
  const response = await fetchRaw('get', '/users/{id}/data', { params: { id } });
  // An answer that breaks off is incomplete, so it is no file.
  const blob = await response.blob().catch(() => Promise.reject(Problem.offline()));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `clientele-${id}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
