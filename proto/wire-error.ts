/** Errors as they travel: in replies, refusals, stream failures and events. errors.ts' errorFromWire reads them back. */
import { ERROR_TEXT_MAX_CHARS } from './limits.ts';

/** A message cut to what may travel. */
export function wireText(message: string): string {
  return message.slice(0, ERROR_TEXT_MAX_CHARS);
}
