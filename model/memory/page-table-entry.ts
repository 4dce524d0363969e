/**
 * One entry of an x86-64 page table as a PV guest holds it: machine frame number << 12, flags below, NX at the top
 * (xen/include/asm-x86/x86_64/page.h). PV guests write real entries with machine frames; Xen only checks them.
 * Entries are read in two halves of 32 bits, since a bigint an entry makes a table of 512 some twenty times slower.
 * Left out: protection keys and the bits 52-62 that are the guest's own, which are kept as they are.
 */

export const ENTRIES_PER_TABLE = 512;

/** Flags of an entry, in its low half. PSE in a table above L1 means a superpage; in L1 the bit is PAT. */
export const PTE = { present: 0x1, writable: 0x2, user: 0x4, accessed: 0x20, dirty: 0x40, pse: 0x80 } as const;

/** Bits 51-32 of an entry are the upper 20 bits of the frame; the rest of the upper half is flags. */
const HIGH_FRAME_BITS = 0xf_ffff;
const LOW_FLAG_BITS = 0xfff;
const FRAMES_PER_HIGH_STEP = 2 ** 20;

/** The flags in the low half of an entry. */
export const flagsAt = (table: DataView, slot: number): number => table.getUint32(slot * 8, true) & LOW_FLAG_BITS;

/** The frame number in an entry: an mfn on a host, a pfn in a stream. Up to 40 bits. */
export const frameAt = (table: DataView, slot: number): number =>
  (table.getUint32(slot * 8 + 4, true) & HIGH_FRAME_BITS) * FRAMES_PER_HIGH_STEP +
  (table.getUint32(slot * 8, true) >>> 12);

/** Puts another frame number into an entry and leaves every flag as it is. */
export function setFrameAt(table: DataView, slot: number, frame: number): void {
  const flags = flagsAt(table, slot);
  const highFlags = table.getUint32(slot * 8 + 4, true) & ~HIGH_FRAME_BITS;
  table.setUint32(slot * 8, ((frame % FRAMES_PER_HIGH_STEP) << 12) | flags, true);
  table.setUint32(slot * 8 + 4, highFlags | Math.floor(frame / FRAMES_PER_HIGH_STEP), true);
}

/** Writes a whole entry, without flags in its upper half. */
export function setEntryAt(
  table: DataView,
  slot: number,
  { frame, flags }: { readonly frame: number; readonly flags: number },
): void {
  table.setUint32(slot * 8, ((frame % FRAMES_PER_HIGH_STEP) << 12) | flags, true);
  table.setUint32(slot * 8 + 4, Math.floor(frame / FRAMES_PER_HIGH_STEP), true);
}

/** Makes an entry not present, and zero. */
export function clearEntryAt(table: DataView, slot: number): void {
  table.setUint32(slot * 8, 0, true);
  table.setUint32(slot * 8 + 4, 0, true);
}
