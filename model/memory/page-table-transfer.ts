/**
 * Page tables on their way from host to host: the sender turns machine frames into pfns (normalise), the receiver turns
 * them back into frames of its own (localise). libxc: tools/libs/guest/xg_sr_save_x86_pv.c normalise_pagetable and
 * xg_sr_restore_x86_pv.c localise_pagetable. A page that is no table crosses as it is.
 * Left out: 3-level tables, and deferring a page that changes under a live sender; a live sender catches 'foreign-frame',
 * which is what it sees then, and sends the page again later.
 */
import { type ErrorCode, SkewbedError } from '@skewbed/proto/errors.ts';
import { clearEntryAt, ENTRIES_PER_TABLE, flagsAt, frameAt, PTE, setFrameAt } from './page-table-entry.ts';
import { type Level, XEN_SLOTS } from './page-tables.ts';

/** A table on one side and where its other form goes. `into` may be `from` itself. */
type Transfer = { readonly from: Uint8Array; readonly into: Uint8Array; readonly level: Level };

/**
 * Machine frames become pfns, in every present entry. Xen's slots of an L4 become zero: those frames stay behind.
 * Throws 'bad-page-table' at a superpage, and 'foreign-frame' at a frame that is not of this domain.
 */
export function normaliseTable({
  from,
  into,
  level,
  pfnOf,
}: Transfer & { readonly pfnOf: (mfn: number) => number | null }): void {
  const table = copied(from, into);
  for (let slot = 0; slot < ENTRIES_PER_TABLE; slot++) {
    if (isXens(level, slot)) {
      clearEntryAt(table, slot);
      continue;
    }
    if (!isFrame(table, slot, level)) continue;
    const mfn = frameAt(table, slot);
    const pfn =
      pfnOf(mfn) ?? fail('foreign-frame', { level, slot }, `frame 0x${mfn.toString(16)} is not of this domain`);
    setFrameAt(table, slot, pfn);
  }
}

/**
 * Pfns become machine frames, in every present entry. `mfnOf` may populate a page that did not come yet; null is a pfn
 * beyond the domain. Throws 'bad-page-table' at that, at a superpage, and at an entry in Xen's slots.
 */
export function localiseTable({
  from,
  into,
  level,
  mfnOf,
}: Transfer & { readonly mfnOf: (pfn: number) => number | null }): void {
  const table = copied(from, into);
  for (let slot = 0; slot < ENTRIES_PER_TABLE; slot++) {
    if (!isFrame(table, slot, level)) continue;
    if (isXens(level, slot))
      fail('bad-page-table', { level, slot }, "the slot is Xen's, and the stream maps something there");
    const pfn = frameAt(table, slot);
    const mfn = mfnOf(pfn) ?? fail('bad-page-table', { level, slot }, `pfn ${pfn} is beyond this domain`);
    setFrameAt(table, slot, mfn);
  }
}

const isXens = (level: Level, slot: number): boolean =>
  level === 4 && slot >= XEN_SLOTS.first && slot <= XEN_SLOTS.last;

/** True when an entry names a frame; an entry that is not present keeps whatever the guest left in it. */
function isFrame(table: DataView, slot: number, level: Level): boolean {
  const flags = flagsAt(table, slot);
  if ((flags & PTE.present) === 0) return false;
  if (level > 1 && (flags & PTE.pse) !== 0)
    fail('bad-page-table', { level, slot }, 'a superpage, which a PV guest cannot take along');
  return true;
}

function copied(from: Uint8Array, into: Uint8Array): DataView {
  if (into !== from) into.set(from);
  return new DataView(into.buffer, into.byteOffset, into.byteLength);
}

function fail(code: ErrorCode, { level, slot }: { level: Level; slot: number }, what: string): never {
  throw new SkewbedError(
    code,
    `L${level} table, entry ${slot}: ${what}; the domain cannot be moved with this page`,
    `L${level} entry ${slot}`,
  );
}
