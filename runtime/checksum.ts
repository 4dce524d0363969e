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

type NativeHasher = { update(input: Uint8Array): unknown; digest(): bigint; reset(): void };
type NativeHash = {
  readonly Xxh64: new () => NativeHasher;
  readonly xxh3: { readonly Xxh3: { withSeed(): NativeHasher } };
};

/** Hashers that are kept for the next sums: more than ever run at once in most processes. */
const IDLE_KEPT = 64;

/** The checksums of this process. `load` returns the native package, or throws when there is none. */
export function checksumsOf(load: () => NativeHash): Checksums {
  const known = new Map<ChecksumName, Checksum>();
  try {
    const native = load();
    known.set(
      'xxh3',
      onHashers('xxh3', () => native.xxh3.Xxh3.withSeed()),
    );
    known.set(
      'xxh64',
      onHashers('xxh64', () => new native.Xxh64()),
    );
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

/**
 * A checksum on native hashers, each of which is used again when its sum is known: their memory is freed only when the event
 * loop turns, which it does not for thousands of batches in a simulation. (The package's own xxh3 for bytes that are all
 * there is ten times slower than its hasher; so this one does both.)
 */
function onHashers(name: ChecksumName, make: () => NativeHasher): Checksum {
  const idle: NativeHasher[] = [];
  const running = (): RunningChecksum => {
    let hasher: NativeHasher | null = idle.pop() ?? make();
    let sum = 0n;
    return {
      update(bytes) {
        if (hasher === null) throw new SkewbedError('crash', `${name}: more bytes after the sum was asked for`);
        hasher.update(bytes);
      },
      value() {
        if (hasher === null) return sum;
        sum = hasher.digest();
        hasher.reset();
        if (idle.length < IDLE_KEPT) idle.push(hasher);
        hasher = null;
        return sum;
      },
    };
  };
  const of = (bytes: Uint8Array): bigint => {
    const sum = running();
    sum.update(bytes);
    return sum.value();
  };
  return { name, of, running };
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
