/**
 * JSON as the results are written: two spaces, an end of line, and the sign of a negative zero. JSON.stringify drops that
 * sign, and `armed: -0s` means before the stop.
 */

const MINUS_ZERO = '\u0000-0';

/** The text of a JSON document. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, (_key, each: unknown) => (Object.is(each, -0) ? MINUS_ZERO : each), 2);
  return `${text.replaceAll('"\\u0000-0"', '-0.0')}\n`;
}
