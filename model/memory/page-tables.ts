/**
 * The page tables of a PV guest: a real 4-level x86-64 tree in the guest's own frames, which maps the guest's pages as
 * Linux does under Xen (pfn n at PAGE_OFFSET + n * 4096), with machine frame numbers in its entries. Frames that are
 * tables themselves are mapped read-only, because Xen allows nothing else (xen/arch/x86/mm.c; Linux: arch/x86/xen/mmu.c).
 * How tables cross from host to host is in page-table-transfer.ts.
 * Left out: Xen's validation of updates, user-mode trees, superpages, 3-level guests.
 */

import { SkewbedError } from '@skewbed/proto/errors.ts';
import { PROBLEMS_MAX } from '@skewbed/proto/limits.ts';
import { PAGE_SIZE, PAGE_TYPE } from '@skewbed/proto/records.ts';
import type { P2m } from './p2m.ts';
import { ENTRIES_PER_TABLE, flagsAt, frameAt, PTE, setEntryAt } from './page-table-entry.ts';

/** Linux's PAGE_OFFSET under 4-level paging: L4 slot 272, the first above the hypervisor's own. */
export const PAGE_OFFSET = 0xffff_8800_0000_0000n;
/** L4 slots which belong to Xen in every PV guest: 0xffff800000000000 to 0xffff87ffffffffff. */
export const XEN_SLOTS = { first: 256, last: 271 } as const;

/** Levels of the tree from the leaves: L1 entries name pages, L4 is what cr3 points at. */
export type Level = 1 | 2 | 3 | 4;

/** What a page is, as PAGE_DATA says it: the level of a table type, 0 for a page that is no table. */
export const levelOf = (type: number): Level | 0 => {
  const level = type & 0x7;
  return type !== PAGE_TYPE.BROKEN && type < PAGE_TYPE.XALLOC && level >= 1 && level <= 4 ? (level as Level) : 0;
};

export type PageTables = {
  readonly l4Pfn: number;
  /** What goes into cr3, shifted left by 12. */
  readonly cr3Mfn: number;
  /** PAGE_TYPE of every page that is a table. The L4 is pinned, which pins all below it. */
  readonly types: ReadonlyMap<number, number>;
};

/** How bytes of frames are reached: the host's machine memory. */
export type FrameReader = (mfn: number) => Uint8Array;

/** Tables that a tree needs to map `pages` pages from PAGE_OFFSET on. */
export function tablesFor(pages: number): number {
  const l1 = Math.ceil(pages / ENTRIES_PER_TABLE);
  const l2 = Math.ceil(l1 / ENTRIES_PER_TABLE);
  const l3 = Math.ceil(l2 / ENTRIES_PER_TABLE);
  return l1 + l2 + l3 + 1;
}

/** Where the guest sees a page. */
export const virtualAddressOf = (pfn: number): bigint => PAGE_OFFSET + BigInt(pfn) * BigInt(PAGE_SIZE);

/**
 * Builds the tree for pages 0 to `pages` - 1 in the pages `tablePfns`, L4 first, then L3, L2, L1. Pages without a frame
 * stay unmapped. Throws 'crash' when there are fewer pages for tables than tablesFor says.
 */
export function buildPageTables({
  pages,
  tablePfns,
  p2m,
  pageForWrite,
}: {
  readonly pages: number;
  readonly tablePfns: readonly number[];
  readonly p2m: P2m;
  readonly pageForWrite: FrameReader;
}): PageTables {
  if (tablePfns.length < tablesFor(pages)) {
    throw new SkewbedError(
      'crash',
      `${tablePfns.length} pages for page tables; ${pages} pages need ${tablesFor(pages)}`,
    );
  }
  const l4Pfn = tablePfns[0]!;
  const types = new Map([[l4Pfn, PAGE_TYPE.L4PINNED as number]]);
  const spare = tablePfns.slice(1);
  const isTable = new Set(tablePfns.slice(0, tablesFor(pages)));
  let parents = [l4Pfn];
  for (const level of [3, 2, 1] as const) {
    const span = ENTRIES_PER_TABLE ** level;
    const children = spare.splice(0, Math.ceil(pages / span));
    children.forEach((pfn, index) => {
      types.set(pfn, level);
      const parent = viewOf(pageForWrite(p2m.frameOf(parents[Math.floor(index / ENTRIES_PER_TABLE)]!)));
      const slot = level === 3 ? slotOf(PAGE_OFFSET, 4) + index : index % ENTRIES_PER_TABLE;
      setEntryAt(parent, slot, {
        frame: p2m.frameOf(pfn),
        flags: PTE.present | PTE.writable | PTE.user | PTE.accessed,
      });
    });
    parents = children;
  }
  for (const [pfn, mfn] of p2m.entries()) {
    if (pfn >= pages) break;
    const leaf = viewOf(pageForWrite(p2m.frameOf(parents[Math.floor(pfn / ENTRIES_PER_TABLE)]!)));
    const writable = isTable.has(pfn) ? 0 : PTE.writable | PTE.dirty;
    setEntryAt(leaf, pfn % ENTRIES_PER_TABLE, { frame: mfn, flags: PTE.present | PTE.user | PTE.accessed | writable });
  }
  return { l4Pfn, cr3Mfn: p2m.frameOf(l4Pfn), types };
}

/** Xen's own part of an L4, which it fills in when a guest's table becomes an L4: frames that are not the guest's. */
export function fillXenSlots(l4: Uint8Array, xenMfns: readonly number[]): void {
  const table = viewOf(l4);
  xenMfns.slice(0, XEN_SLOTS.last - XEN_SLOTS.first + 1).forEach((frame, index) => {
    setEntryAt(table, XEN_SLOTS.first + index, { frame, flags: PTE.present | PTE.writable | PTE.accessed | PTE.dirty });
  });
}

/** The frame behind a virtual address, as the processor finds it, or null where an entry is not present. */
export function walk(
  cr3Mfn: number,
  va: bigint,
  readFrame: FrameReader,
): { readonly mfn: number; readonly flags: number } | null {
  const leaf = leafTableOf(cr3Mfn, va, readFrame);
  if (leaf === null) return null;
  const flags = flagsAt(leaf, slotOf(va, 1));
  return (flags & PTE.present) === 0 ? null : { mfn: frameAt(leaf, slotOf(va, 1)), flags };
}

/** Walks to each page that has a frame, and names the pages that the guest would see in a wrong place. */
export function auditPageTables({
  cr3Mfn,
  pages,
  p2m,
  readFrame,
}: {
  readonly cr3Mfn: number;
  readonly pages: number;
  readonly p2m: P2m;
  readonly readFrame: FrameReader;
}): string[] {
  const problems: string[] = [];
  // A wrong entry can lead anywhere: only frames of this domain are followed.
  const read = (mfn: number): Uint8Array => (p2m.pfnOf(mfn) === null ? NO_TABLE : readFrame(mfn));
  let leaf: DataView | null = null;
  let leafOf = -1;
  for (const [pfn, mfn] of p2m.entries()) {
    if (pfn >= pages) break;
    // One walk for the 512 pages that share a leaf table.
    const slot = pfn % ENTRIES_PER_TABLE;
    if (pfn - slot !== leafOf) leaf = leafTableOf(cr3Mfn, virtualAddressOf(pfn), read);
    leafOf = pfn - slot;
    const found = leaf === null || (flagsAt(leaf, slot) & PTE.present) === 0 ? null : frameAt(leaf, slot);
    if (found === mfn) continue;
    const seen = found === null ? 'not mapped' : `mapped to frame 0x${found.toString(16)}`;
    problems.push(`pfn ${pfn} is ${seen}; its frame is 0x${mfn.toString(16)}`);
    if (problems.length >= PROBLEMS_MAX) break;
  }
  return problems;
}

const NO_TABLE = new Uint8Array(PAGE_SIZE);

/** The L1 table that holds the entry of a virtual address, or null where an entry above it is not present. */
function leafTableOf(cr3Mfn: number, va: bigint, readFrame: FrameReader): DataView | null {
  let table = viewOf(readFrame(cr3Mfn));
  for (const level of [4, 3, 2] as const) {
    const slot = slotOf(va, level);
    if ((flagsAt(table, slot) & PTE.present) === 0) return null;
    table = viewOf(readFrame(frameAt(table, slot)));
  }
  return table;
}

/** The nine bits of a virtual address that index a table of this level. */
const slotOf = (va: bigint, level: Level): number => Number((va >> BigInt(12 + 9 * (level - 1))) & 0x1ffn);

const viewOf = (page: Uint8Array): DataView => new DataView(page.buffer, page.byteOffset, page.byteLength);
