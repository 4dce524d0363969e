/**
 * Runs of pages as they travel in a PAGE_DATA record: consecutive pfns of one type, whose bytes either all follow or are
 * all zero. Sixteen bytes a run, little-endian: libxc's pfn word (bits 63-60 type, 59-52 zero, 51-0 pfn; facts D.4), a
 * count of 32 bits, and 32 bits of what is there (0: 4096 bytes for each page, 1: nothing, the pages are zero).
 * So a gibibyte of zeros costs as many bytes as it has batches, and a full batch of guest memory is mostly one run.
 */
import { SkewbedError } from './errors.ts';
import { PAGE_TYPE } from './records.ts';

export type PageRun = {
  readonly pfn: number;
  readonly count: number;
  readonly type: number;
  /** Their 4096 bytes each are in the message; otherwise they are zero, or of a type that has none. */
  readonly present: boolean;
};

export const RUN_BYTES = 16;

const PRESENT = 0;
const ZERO = 1;
/** Pfns have 52 bits; a run must not leave them. */
const PFN_END = 2 ** 52;

/** A run, or a page alone: one without a count. */
type Described = Pick<PageRun, 'pfn' | 'type'> & { readonly count?: number };

/**
 * The bytes of these runs or pages, of which `isPresent` says whether their bytes are in the message. What goes on where
 * another one ends is one run on the way: where memory is not in one row is nobody else's business.
 */
export function encodeRuns<R extends Described>(runs: readonly R[], isPresent: (run: R) => boolean): Uint8Array {
  // Written as words, without an object for each: a batch may have a run for each of its pages.
  const bytes = new Uint8Array(runs.length * RUN_BYTES);
  const view = new DataView(bytes.buffer);
  let at = -RUN_BYTES;
  let [end, lastType, lastKind] = [-1, -1, -1];
  for (const run of runs) {
    const { pfn, count = 1, type } = run;
    const kind = isPresent(run) ? PRESENT : ZERO;
    if (pfn === end && type === lastType && kind === lastKind) {
      view.setUint32(at + 8, view.getUint32(at + 8, true) + count, true);
    } else {
      at += RUN_BYTES;
      view.setUint32(at, pfn % 0x1_0000_0000, true);
      view.setUint32(at + 4, type * 0x1000_0000 + Math.floor(pfn / 0x1_0000_0000), true);
      view.setUint32(at + 8, count, true);
      view.setUint32(at + 12, kind, true);
    }
    [end, lastType, lastKind] = [pfn + count, type, kind];
  }
  return bytes.subarray(0, at + RUN_BYTES);
}

/** The runs in these bytes, of at most `most` pages. Throws 'stream-broken' for what no sender writes. */
export function readRuns(bytes: Uint8Array, most: number, where: string): PageRun[] {
  if (bytes.length % RUN_BYTES !== 0) {
    throw broken(where, `${bytes.length} bytes are no whole number of runs of ${RUN_BYTES}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const runs: PageRun[] = [];
  let pages = 0;
  for (let at = 0; at < bytes.length; at += RUN_BYTES) {
    const high = view.getUint32(at + 4, true);
    const type = high >>> 28;
    const pfn = (high & 0x000f_ffff) * 0x1_0000_0000 + view.getUint32(at, true);
    const count = view.getUint32(at + 8, true);
    const kind = view.getUint32(at + 12, true);
    if ((high & 0x0ff0_0000) !== 0)
      throw broken(where, `bits 59-52 of the pfn word of run ${at / RUN_BYTES} are not zero`);
    if (type > PAGE_TYPE.L4TAB && type < PAGE_TYPE.L1PINNED)
      throw broken(where, `page type ${type} of pfn ${pfn} is reserved`);
    if (kind > ZERO) throw broken(where, `run ${at / RUN_BYTES} at pfn ${pfn} is of kind ${kind}; known are 0 and 1`);
    const present = kind === PRESENT;
    if (present && type >= PAGE_TYPE.BROKEN) {
      throw broken(where, `pfn ${pfn} of type ${type} has page data; such a page has none`);
    }
    pages += count;
    if (count === 0 || pages > most)
      throw broken(where, `run ${at / RUN_BYTES} has ${count} pages; 1 to ${most} fit in a batch`);
    if (pfn + count > PFN_END)
      throw broken(where, `a run of ${count} pages from pfn ${pfn} leaves the 52 bits of a pfn`);
    runs.push({ pfn, count, type, present });
  }
  return runs;
}

function broken(where: string, what: string): SkewbedError {
  return new SkewbedError('stream-broken', `${where}: ${what}`, where);
}
