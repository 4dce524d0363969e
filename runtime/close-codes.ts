/** What the runtimes know about close codes beyond their names: which may be sent, and which an HTTP refusal becomes. */
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';

/** The close code for an upgrade that was refused with an HTTP status. */
export function closeCodeOfStatus(status: number): number {
  return status >= 400 && status <= 599 ? 4000 + status : CLOSE_CODE.BROKEN;
}

/** Codes that a program may send: 1005, 1006 and 1015 are for the local side only. */
export function isSendableCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}
