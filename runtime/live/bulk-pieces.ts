/**
 * The parts of a message as they are written to a socket: long ones as they lie, runs of short ones gathered in pooled
 * memory. Each piece costs the kernel and Node about a microsecond; a copy of 32 KiB costs three, and fresh memory would
 * cost far more than that (its first touch runs at 1.5 GB/s).
 */
import { BATCH_PAGES_MAX, STREAM_CREDIT_BATCHES } from '@skewbed/proto/limits.ts';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import type { Parts } from '../ports/bulk.ts';

/** A part that is shorter is gathered. */
const SHORT_BYTES = 32 * 1024;
const POOL_BUFFER_BYTES = 1024 * 1024;
/** Buffers that are kept for the next messages: as many as a stream's credit fills, 8 batches of up to 4 MiB. */
const POOL_KEPT = STREAM_CREDIT_BATCHES * Math.ceil((BATCH_PAGES_MAX * PAGE_SIZE) / POOL_BUFFER_BYTES);

const pool: Uint8Array[] = [];

export type Pieces = {
  readonly pieces: readonly Uint8Array[];
  readonly bytes: number;
  /** The pieces have left. */
  release(): void;
};

/** What to write for a message. */
export function piecesOf({ parts, keep, seal }: Parts): Pieces {
  const used: Uint8Array[] = [];
  const pieces: Uint8Array[] = [];
  let buffer: Uint8Array | null = null;
  let from = 0;
  let to = 0;
  const cut = (): void => {
    if (buffer !== null && to > from) pieces.push(buffer.subarray(from, to));
    from = to;
  };
  for (const part of parts) {
    if (keep === 'until-left' && part.length >= SHORT_BYTES) {
      cut();
      pieces.push(part);
      continue;
    }
    for (let at = 0; at < part.length; ) {
      if (buffer === null || to === buffer.length) {
        cut();
        buffer = pool.pop() ?? new Uint8Array(POOL_BUFFER_BYTES);
        used.push(buffer);
        from = 0;
        to = 0;
      }
      const count = Math.min(part.length - at, buffer.length - to);
      buffer.set(count === part.length ? part : part.subarray(at, at + count), to);
      to += count;
      at += count;
    }
  }
  cut();
  if (seal !== undefined) pieces.push(seal(pieces));
  return {
    pieces,
    bytes: pieces.reduce((sum, piece) => sum + piece.length, 0),
    release() {
      for (const each of used.splice(0)) if (pool.length < POOL_KEPT) pool.push(each);
    },
  };
}
