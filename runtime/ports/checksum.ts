/**
 * A checksum over the bytes of one batch of the stream. The names are those of the hello message; values are unsigned
 * 64 bits, also for the shorter ones.
 */
import type { RunningChecksum } from '@skewbed/proto/bulk-batch.ts';

export type ChecksumName = 'xxh3' | 'xxh64' | 'crc32';

export interface Checksum {
  readonly name: ChecksumName;
  of(bytes: Uint8Array): bigint;
  /** The same over bytes that come piece by piece. */
  running(): RunningChecksum;
}

export interface Checksums {
  /** What this process can compute, the best first: what a hello message offers. */
  readonly names: readonly ChecksumName[];
  /** Throws 'bad-argument' for a name that is not among them. */
  named(name: string): Checksum;
}
