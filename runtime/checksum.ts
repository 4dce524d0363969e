/**
 * Checksums of message batches: xxh3 (64 bits; 30 GB/s where the bytes are in the cache) and xxh64 (20 GB/s) by the native
 * package @node-rs/xxhash, and crc32 of node:zlib everywhere. The native package may be missing on a platform; the
 * negotiation in the hello message copes with that.
 */
import { createRequire } from 'node:module';
import { crc32 } from 'node:zlib';
import type { RunningChecksum } from '@skewbed/proto/bulk-batch.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { Checksum, ChecksumName, Checksums } from './ports/checksum.ts';

type NativeRunning = { update(input: Uint8Array): unknown; digest(): bigint };
type NativeHash = {
  xxh64(input: Uint8Array): bigint;
  readonly Xxh64: new () => NativeRunning;
  readonly xxh3: { readonly Xxh3: { withSeed(): NativeRunning } };
};

/** The checksums of this process. `load` returns the native package, or throws when there is none. */
export function checksumsOf(load: () => NativeHash): Checksums {
  const known = new Map<ChecksumName, Checksum>();
  try {
    const native = load();
    // Its call for bytes that are all there is ten times slower than its hasher: that one is used for both.
    known.set('xxh3', {
      name: 'xxh3',
      of: (bytes) => (native.xxh3.Xxh3.withSeed().update(bytes) as NativeRunning).digest(),
      running: () => runningOn(native.xxh3.Xxh3.withSeed()),
    });
    known.set('xxh64', {
      name: 'xxh64',
      of: (bytes) => native.xxh64(bytes),
      running: () => runningOn(new native.Xxh64()),
    });
  } catch {
    // No binary for this platform: crc32 is offered alone, and the welcome message says so.
  }
  known.set('crc32', { name: 'crc32', of: (bytes) => BigInt(crc32(bytes)), running: runningCrc32 });
  const names = [...known.keys()];
  return {
    names,
    named(name) {
      const found = known.get(name as ChecksumName);
      if (found !== undefined) return found;
      throw new SkewbedError(
        'bad-argument',
        `checksum ${JSON.stringify(name)} is not known here: offer ${names.join(' or ')}`,
      );
    },
  };
}

function runningOn(hash: NativeRunning): RunningChecksum {
  return {
    update(bytes) {
      hash.update(bytes);
    },
    value: () => hash.digest(),
  };
}

function runningCrc32(): RunningChecksum {
  let sum = 0;
  return {
    update(bytes) {
      sum = crc32(bytes, sum);
    },
    value: () => BigInt(sum),
  };
}

const require = createRequire(import.meta.url);

export const checksums: Checksums = checksumsOf(() => require('@node-rs/xxhash') as NativeHash);
