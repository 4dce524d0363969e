/**
 * The one configured msgpackr instance: plain maps (no record definitions, which would tie a message to those before
 * it), 64-bit integers as bigint both ways, bytes as views of the message, no extension types of its own making.
 * Bytes from outside go through shapeProblem before they come here.
 */
import { Packr } from 'msgpackr';

const packr = new Packr({
  useRecords: false,
  int64AsType: 'bigint' as const,
  copyBuffers: false,
  moreTypes: false,
  useToJSON: false,
  // Missing in msgpackr's declarations. An optional field that is undefined must not travel.
  ...{ skipValues: [undefined] },
});

export function pack(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Throws msgpackr's own errors on bytes that are no msgpack. */
export function unpack(bytes: Uint8Array): unknown {
  // A plain Uint8Array even when a socket gave a Buffer: views of it are plain then, and their slice() is a copy.
  return packr.unpack(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
}
