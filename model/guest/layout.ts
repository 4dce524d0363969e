/**
 * Where things lie in a guest's memory, by pfn. The order follows what Xen's domain builder does (start_info, p2m,
 * page tables, then free memory); the place of kernel data is ours.
 * Everything is a function of the number of pages, so that a restored guest finds its things again.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';

/** p2m entries (u64) in one page. */
export const P2M_PER_PAGE = 512;
/** Page-table entries (u64) in one page. */
const PTES_PER_PAGE = 512;
/** Kernel variables travel in these pages: 64 KiB. */
export const KERNEL_DATA_PAGES = 16;
export const GUEST_PAGES_MIN = 64;

export type GuestLayout = {
  readonly pages: number;
  readonly startInfo: number;
  readonly runstate: number;
  readonly xenstore: number;
  readonly console: number;
  /** pfn_to_mfn_frame_list_list, its second level, and the pages which hold one mfn for each pfn. */
  readonly p2mTop: number;
  readonly p2mMid: readonly number[];
  readonly p2mLeaves: readonly number[];
  readonly kernelData: readonly number[];
  /** L4, L3, L2 then L1 tables: one L1 for 512 pages. */
  readonly pageTables: readonly number[];
  /** First page that workloads may use. */
  readonly free: number;
};

const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

/** The layout of a guest with this many pages. */
export function layoutOf(pages: number): GuestLayout {
  if (!Number.isInteger(pages) || pages < GUEST_PAGES_MIN) {
    throw new SkewbedError(
      'bad-argument',
      `a guest of ${pages} pages is too small: give it at least ${GUEST_PAGES_MIN} pages (256KiB)`,
    );
  }
  const leaves = Math.ceil(pages / P2M_PER_PAGE);
  const mids = Math.ceil(leaves / P2M_PER_PAGE);
  const l1 = Math.ceil(pages / PTES_PER_PAGE);
  const l2 = Math.ceil(l1 / PTES_PER_PAGE);
  const p2mTop = 4;
  const p2mMid = range(p2mTop + 1, mids);
  const p2mLeaves = range(p2mTop + 1 + mids, leaves);
  const kernelFirst = p2mTop + 1 + mids + leaves;
  const kernelData = range(kernelFirst, KERNEL_DATA_PAGES);
  const tablesFirst = kernelFirst + KERNEL_DATA_PAGES;
  const tables = 2 + l2 + l1;
  return {
    pages,
    startInfo: 0,
    runstate: 1,
    xenstore: 2,
    console: 3,
    p2mTop,
    p2mMid,
    p2mLeaves,
    kernelData,
    pageTables: range(tablesFirst, tables),
    free: tablesFirst + tables,
  };
}
