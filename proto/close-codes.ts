/**
 * Why a channel ended, as WebSocket close codes (RFC 6455, 7.4). 1xxx are the protocol's own. 4xxx are ours: 4000 plus
 * the HTTP status that says the same, so that a refused upgrade and a refused channel look alike to who dialled.
 */
import { ERRORS, type ErrorCode, SkewbedError } from './errors.ts';

export const CLOSE_CODE = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  /** A text message, or bytes that are no message of ours. */
  UNSUPPORTED: 1003,
  /** Nobody said goodbye: the link broke, the peer died, or there was nobody. Never sent. */
  BROKEN: 1006,
  TOO_BIG: 1009,
  INTERNAL: 1011,
  BAD_REQUEST: 4400,
  BAD_TOKEN: 4401,
  /** The Host or Origin header is not on the allow-list. */
  FORBIDDEN: 4403,
  NOT_FOUND: 4404,
  CONFLICT: 4409,
  /** The peer reads too slowly: more than CHANNEL_QUEUE_MAX_BYTES are waiting for it. */
  SLOW_PEER: 4429,
  /** Up, but not ready to take channels, or full. */
  UNAVAILABLE: 4503,
} as const;

/** Whether a channel that ended so may be dialled anew: nobody on either side has said no. */
export const isBreak = (code: number): boolean => code === CLOSE_CODE.BROKEN || code === CLOSE_CODE.GOING_AWAY;

/** A channel that ended, as an error: with the code of who refused it, if the peer named one. `what` was it for. */
export function closedError(what: string, code: number, reason: string): SkewbedError {
  return new SkewbedError(refusalOf(code, reason) ?? 'link-lost', `${what} closed with ${code} ${reason}`);
}

function refusalOf(code: number, reason: string): ErrorCode | null {
  if (code === CLOSE_CODE.BAD_TOKEN) return 'bad-token';
  const [named = ''] = reason.split(':', 1);
  return code >= CLOSE_CODE.BAD_REQUEST && Object.hasOwn(ERRORS, named) ? (named as ErrorCode) : null;
}
