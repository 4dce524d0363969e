/**
 * What the processes of a benchmark are told, and answer: one order at a time, over the IPC channel of node:child_process.
 * Every process is there before the clock starts, with its memory touched and its sockets open.
 */
import type { Pattern } from './guest-memory.ts';

/** 'none': a checksum that is no work, to know what checksums cost. */
export type SumName = 'xxh3' | 'crc32' | 'none';

/** How bytes go from a source to a target. */
export type Wire =
  /** Batches of pages, scattered in place. */
  | { readonly wire: 'pages'; readonly sum: SumName }
  /** The same number of bytes over a bare socket. */
  | { readonly wire: 'tcp'; readonly bytes: number }
  /** The same number of bytes in messages of package ws, on both ends. */
  | { readonly wire: 'ws'; readonly bytes: number };

export type Order =
  | { readonly order: 'memory'; readonly pages: number }
  | { readonly order: 'fill'; readonly pattern: Pattern }
  /** Opens a port. */
  | { readonly order: 'serve'; readonly what: Wire }
  /** Opens a port in front of that one; pages only. */
  | { readonly order: 'relay'; readonly port: number }
  | { readonly order: 'connect'; readonly what: Wire; readonly port: number }
  /** To a source whose peer is there: moves everything once. */
  | { readonly order: 'go' }
  | { readonly order: 'sum' }
  /** Ends what serve, relay or connect began. */
  | { readonly order: 'end' };

export type Answer = {
  readonly port?: number;
  readonly seconds?: number;
  readonly sum?: string;
  /** Peak resident memory of the process so far, and processor time since the last order. */
  readonly peakBytes: number;
  readonly cpuSeconds: number;
  readonly error?: string;
};
