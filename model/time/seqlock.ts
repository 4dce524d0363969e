/**
 * The version protocol by which Xen publishes a time record or the wall clock to a guest that may read at any moment
 * (xen/arch/x86/time.c: version_update_begin/end; Linux: pvclock_read_begin/retry). An odd version means that a writer
 * is inside. A version that arrives odd, for example out of a save file, is repaired by the next writer's `| 1`.
 * Left out: memory barriers, since one thread writes and reads here. A guest would spin for ever on a version that
 * stays odd; a model that spins shows nothing, so the reader gives up and says why.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';

/** Torn reads in a row before the reader gives up. One writer can tear one read, and nobody writes that often. */
export const READ_TRIES_MAX = 64;

/** Runs `write` between an odd and an even version, and returns the version that it leaves. */
export function writeVersioned(view: DataView, versionOffset: number, write: () => void): number {
  view.setUint32(versionOffset, (view.getUint32(versionOffset, true) + 1) | 1, true);
  write();
  // setUint32 takes its value modulo 2^32, which is the wrap of Xen's u32.
  view.setUint32(versionOffset, view.getUint32(versionOffset, true) + 1, true);
  return view.getUint32(versionOffset, true);
}

/** What `read` returned while one even version stood. Throws 'illegal-state' when there is no such moment. */
export function readVersioned<T>(view: DataView, versionOffset: number, read: (version: number) => T): T {
  for (let tries = 0; tries < READ_TRIES_MAX; tries++) {
    const version = view.getUint32(versionOffset, true);
    const value = read(version);
    if (version % 2 === 0 && view.getUint32(versionOffset, true) === version) return value;
  }
  const version = view.getUint32(versionOffset, true);
  throw new SkewbedError(
    'illegal-state',
    `version ${version} at offset 0x${versionOffset.toString(16)} was ${version % 2 === 0 ? 'changed during' : 'odd in'} each of ${READ_TRIES_MAX} reads; the next write of the record repairs an odd version`,
    `offset 0x${versionOffset.toString(16)}`,
  );
}
