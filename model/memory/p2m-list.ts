/**
 * The p2m as a PV guest keeps it in its own pages and the toolstack reads it: a top page of mfns of middle pages, those
 * of leaf pages, and in the leaves one mfn for each pfn (arch.pfn_to_mfn_frame_list_list, xen/include/public/arch-x86).
 * The pages travel with the source's mfns in them; the receiver writes them anew at the end (libxc update_guest_p2m).
 */
import type { P2m } from './p2m.ts';

/** Where the guest keeps its list. */
export type P2mListPlace = {
  readonly p2mTop: number;
  readonly p2mMid: readonly number[];
  readonly p2mLeaves: readonly number[];
};
type Page = (pfn: number) => Uint8Array;

const ENTRIES = 512;
const INVALID_ENTRY = 0xffff_ffff_ffff_ffffn;

/** Fills all three levels from the p2m. */
export function writeP2mList(place: P2mListPlace, p2m: P2m, pageForWrite: Page): void {
  place.p2mLeaves.forEach((leafPfn, leaf) => {
    const entries = viewOf(pageForWrite(leafPfn));
    for (let i = 0; i < ENTRIES; i++) {
      // In halves: a guest stands still for this, and a bigint for each page would be most of it.
      const mfn = p2m.mfnOf(leaf * ENTRIES + i);
      entries.setUint32(i * 8, mfn ?? 0xffff_ffff, true);
      entries.setUint32(i * 8 + 4, mfn === null ? 0xffff_ffff : 0, true);
    }
  });
  pointAt(place.p2mMid, place.p2mLeaves, p2m, pageForWrite);
  pointAt([place.p2mTop], place.p2mMid, p2m, pageForWrite);
}

/** Reads the list back through its own levels, as a toolstack does, and names the entries that differ from the p2m. */
export function auditP2mList(
  topMfn: number,
  p2m: P2m,
  place: P2mListPlace,
  frame: (mfn: number) => Uint8Array,
): string[] {
  const problems: string[] = [];
  const top = viewOf(frame(topMfn));
  for (let pfn = 0; pfn < p2m.size && problems.length < 8; pfn++) {
    const leaf = Math.floor(pfn / ENTRIES);
    const mid = top.getBigUint64(Math.floor(leaf / ENTRIES) * 8, true);
    if (p2m.pfnOf(Number(mid)) !== place.p2mMid[Math.floor(leaf / ENTRIES)])
      return [`p2m list: the top page leads to frame 0x${mid.toString(16)}, which is not the domain's middle page`];
    const leafMfn = viewOf(frame(Number(mid))).getBigUint64((leaf % ENTRIES) * 8, true);
    if (p2m.pfnOf(Number(leafMfn)) !== place.p2mLeaves[leaf])
      return [`p2m list: leaf ${leaf} is frame 0x${leafMfn.toString(16)}, which is not the domain's leaf page`];
    const entry = viewOf(frame(Number(leafMfn))).getBigUint64((pfn % ENTRIES) * 8, true);
    const mfn = p2m.mfnOf(pfn);
    const expected = mfn === null ? INVALID_ENTRY : BigInt(mfn);
    if (entry !== expected)
      problems.push(`p2m list: pfn ${pfn} has 0x${entry.toString(16)}; its frame is 0x${expected.toString(16)}`);
  }
  return problems;
}

function pointAt(parents: readonly number[], children: readonly number[], p2m: P2m, pageForWrite: Page): void {
  children.forEach((childPfn, child) => {
    const parent = parents[Math.floor(child / ENTRIES)] as number;
    viewOf(pageForWrite(parent)).setBigUint64((child % ENTRIES) * 8, BigInt(p2m.frameOf(childPfn)), true);
  });
}

/** A page as numbers. */
export const viewOf = (page: Uint8Array): DataView => new DataView(page.buffer, page.byteOffset, page.byteLength);
