/**
 * `JSON.parse` that does not pretend to know what it read: the caller says what it expects.
 *
 * @param {string} text
 * @returns {unknown}
 */
export function parseJson(text) {
  return JSON.parse(text);
}
