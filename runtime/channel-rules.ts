/**
 * What every channel checks, whatever carries it: sizes, close codes, paths. The simulator and the live network share
 * these, so that a service which works on one is not refused on the other.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { CHANNEL_PATH_MAX_CHARS, CLOSE_REASON_MAX_BYTES, MESSAGE_MAX_BYTES } from '@skewbed/proto/limits.ts';
import { isSendableCloseCode } from './close-codes.ts';

/** Throws when a message is beyond the limit: before it is sent, so that the channel survives. */
export function checkMessageSize(bytes: number, where: string): void {
  if (bytes <= MESSAGE_MAX_BYTES) return;
  throw new SkewbedError(
    'limit-exceeded',
    `message of ${bytes} bytes on ${where}: at most ${MESSAGE_MAX_BYTES} bytes; send smaller batches`,
    where,
  );
}

/** Throws when a program tries to send a close code that only a broken link may show. */
export function checkCloseCode(code: number, where: string): void {
  if (isSendableCloseCode(code)) return;
  throw new SkewbedError(
    'bad-argument',
    `close code ${code} on ${where} cannot be sent: use 1000-1014 without 1004-1006, or 3000-4999`,
    where,
  );
}

/** A reason cut to what a close frame holds, at a whole character. */
export function closeReason(reason: string): string {
  const bytes = new TextEncoder().encode(reason);
  if (bytes.length <= CLOSE_REASON_MAX_BYTES) return reason;
  let end = CLOSE_REASON_MAX_BYTES;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}

/** A path with its query taken apart. */
export type ChannelPath = { readonly path: string; readonly query: ReadonlyMap<string, string> };

/** Reads '/v1/streams/m1?side=target'. Throws on what is no path of ours; of a repeated key the last one counts. */
export function parseChannelPath(text: string): ChannelPath {
  if (text.length > CHANNEL_PATH_MAX_CHARS) {
    throw new SkewbedError(
      'limit-exceeded',
      `channel path of ${text.length} characters: at most ${CHANNEL_PATH_MAX_CHARS}`,
    );
  }
  if (!/^\/[\x21-\x7e]*$/.test(text)) {
    throw new SkewbedError(
      'bad-argument',
      `channel path ${JSON.stringify(text)}: must begin with / and be plain ASCII`,
    );
  }
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  return { path, query: new Map(new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1))) };
}
