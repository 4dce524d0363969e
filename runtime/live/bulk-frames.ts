/**
 * Frames of RFC 6455, section 5, as they are written: a header for either side, and whole masked frames for the client.
 * Lengths take the fewest bytes that hold them, as 5.2 demands. Left out: extensions (we offer none), text.
 */
import { randomFillSync } from 'node:crypto';

/** The opcodes that a binary channel knows. */
export const OPCODE = { CONTINUATION: 0x0, TEXT: 0x1, BINARY: 0x2, CLOSE: 0x8, PING: 0x9, PONG: 0xa } as const;
/** Payload of a control frame, at most (5.5). */
export const CONTROL_PAYLOAD_MAX = 125;
/** The longest header that a server sends: 2 bytes and a length of 8. */
export const SERVER_HEADER_MAX = 10;

const FIN = 0x80;
const MASKED = 0x80;
const KEY_BYTES = 4;

export type FrameKind = { readonly opcode: number; readonly fin: boolean };

/** The header of an unmasked frame, as a server sends it. */
export function frameHeader({ opcode, fin }: FrameKind, length: number): Uint8Array {
  return header({ opcode, fin }, length, 0);
}

/** A whole frame as a client sends it. The key comes from a strong source of entropy (5.3). */
export function maskedFrame(kind: FrameKind, payload: Uint8Array): Uint8Array {
  const start = header(kind, payload.length, MASKED);
  const key = nextKey();
  const frame = new Uint8Array(start.length + KEY_BYTES + payload.length);
  frame.set(start);
  frame.set(key, start.length);
  const at = start.length + KEY_BYTES;
  frame.set(payload, at);
  mask(frame, at, key);
  return frame;
}

/** The payload of a close frame. */
export function closePayload(code: number, reason: string): Uint8Array {
  const text = new TextEncoder().encode(reason);
  const payload = new Uint8Array(2 + text.length);
  new DataView(payload.buffer).setUint16(0, code);
  payload.set(text, 2);
  return payload;
}

function header({ opcode, fin }: FrameKind, length: number, masked: number): Uint8Array {
  const first = (fin ? FIN : 0) | opcode;
  if (length <= CONTROL_PAYLOAD_MAX) return Uint8Array.of(first, masked | length);
  if (length <= 0xffff) return Uint8Array.of(first, masked | 126, length >> 8, length & 0xff);
  const bytes = new Uint8Array(SERVER_HEADER_MAX);
  bytes[0] = first;
  bytes[1] = masked | 127;
  const view = new DataView(bytes.buffer);
  view.setUint32(2, Math.floor(length / 0x1_0000_0000));
  view.setUint32(6, length >>> 0);
  return bytes;
}

function mask(frame: Uint8Array, from: number, key: Uint8Array): void {
  const [a, b, c, d] = key as unknown as [number, number, number, number];
  let at = from;
  for (; at + 3 < frame.length; at += 4) {
    frame[at] = (frame[at] as number) ^ a;
    frame[at + 1] = (frame[at + 1] as number) ^ b;
    frame[at + 2] = (frame[at + 2] as number) ^ c;
    frame[at + 3] = (frame[at + 3] as number) ^ d;
  }
  for (let i = 0; at < frame.length; at++, i++) frame[at] = (frame[at] as number) ^ (key[i] as number);
}

/** Keys are drawn in bulk: a call for each acknowledgement would cost more than the acknowledgement. */
const keys = new Uint8Array(1024 * KEY_BYTES);
let keysUsed = keys.length;

function nextKey(): Uint8Array {
  if (keysUsed === keys.length) {
    randomFillSync(keys);
    keysUsed = 0;
  }
  keysUsed += KEY_BYTES;
  return keys.slice(keysUsed - KEY_BYTES, keysUsed);
}
