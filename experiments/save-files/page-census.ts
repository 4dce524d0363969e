/**
 * What the pages of a save file are, counted as they pass: types, zero pages, the p2m that the guest keeps in its own
 * pages, start_info, and the variables of a guest of ours. Of the bytes only those few pages are kept.
 */
import { readKernelData } from '@skewbed/model/guest/kernel-data.ts';
import { GUEST_PAGES_MIN, layoutOf } from '@skewbed/model/guest/layout.ts';
import type { DomainSpec } from '@skewbed/model/xen/host-event.ts';
import { readStartInfo, START_INFO_BYTES } from '@skewbed/model/xen/start-info.ts';
import { viewOf } from '@skewbed/model/xen/vcpu-info.ts';
import { carriesData } from '@skewbed/proto/libxc/page-data.ts';
import { type FileRecord, PAGE_SIZE, type PageEntry } from '@skewbed/proto/records.ts';
import { KERNEL_NAMES } from '../scenarios/scenario.ts';
import { pageTypeName } from './page-names.ts';

type P2mFrames = Extract<FileRecord, { type: 'X86_PV_P2M_FRAMES' }>;

export type Census = {
  readonly total: number;
  readonly withData: number;
  readonly zero: number;
  /** Pages of each type that occurs. */
  readonly types: Readonly<Record<string, number>>;
};
export type P2mView = {
  readonly startPfn: number;
  readonly endPfn: number;
  readonly frames: readonly number[];
  /** What the guest's own p2m says: entries with a frame, and the frames' range on the host that saved it. */
  readonly mapped: number;
  readonly lowestMfn: string | null;
  readonly highestMfn: string | null;
};

const START_INFO_CANDIDATES = 64;
const INVALID = 0xffff_ffff_ffff_ffffn;

export class PageCensus {
  readonly #types = new Map<number, number>();
  readonly #startInfo = new Map<number, Uint8Array>();
  readonly #kernelData = new Map<number, Uint8Array>();
  #total = 0;
  #withData = 0;
  #zero = 0;
  #frames: P2mFrames | null = null;
  #p2mPages: ReadonlySet<number> = new Set();
  #ours: ReturnType<typeof layoutOf> | null = null;
  #mapped = 0;
  #lowest: bigint | null = null;
  #highest: bigint | null = null;

  p2m(record: P2mFrames): void {
    this.#frames = record;
    this.#p2mPages = new Set(record.frames);
    const pages = record.endPfn + 1;
    if (pages < GUEST_PAGES_MIN) return;
    const layout = layoutOf(pages);
    const same = record.frames.length === layout.p2mLeaves.length;
    if (same && record.frames.every((pfn, index) => pfn === layout.p2mLeaves[index])) this.#ours = layout;
  }

  take(entries: readonly PageEntry[]): void {
    for (const { pfn, type, page } of entries) {
      this.#total++;
      this.#types.set(type, (this.#types.get(type) ?? 0) + 1);
      if (carriesData(type)) this.#withData++;
      if (page === null) {
        if (carriesData(type)) this.#zero++;
        continue;
      }
      if (this.#p2mPages.has(pfn)) this.#count(page);
      if (page[0] === 0x78 && page[1] === 0x65 && this.#startInfo.size < START_INFO_CANDIDATES) {
        this.#startInfo.set(pfn, page.slice(0, START_INFO_BYTES));
      }
      if (this.#ours?.kernelData.includes(pfn)) this.#kernelData.set(pfn, page.slice());
    }
  }

  get census(): Census {
    const types = [...this.#types].sort(([a], [b]) => a - b).map(([type, count]) => [pageTypeName(type), count]);
    return { total: this.#total, withData: this.#withData, zero: this.#zero, types: Object.fromEntries(types) };
  }

  get p2mView(): P2mView | null {
    if (this.#frames === null) return null;
    const { startPfn, endPfn, frames } = this.#frames;
    const hex = (mfn: bigint | null) => (mfn === null ? null : `0x${mfn.toString(16)}`);
    return {
      startPfn,
      endPfn,
      frames,
      mapped: this.#mapped,
      lowestMfn: hex(this.#lowest),
      highestMfn: hex(this.#highest),
    };
  }

  /** The fields of start_info at this page, or null when it does not begin as start_info does. */
  startInfo(pfn: number): ReturnType<typeof readStartInfo> | null {
    const page = this.#startInfo.get(pfn);
    if (page === undefined) return null;
    try {
      return readStartInfo(page);
    } catch {
      return null;
    }
  }

  /** The guest of ours that lies in these pages, or null when it is another's. */
  get guest(): DomainSpec | null {
    const layout = this.#ours;
    if (layout === null) return null;
    const page = (pfn: number): Uint8Array => this.#kernelData.get(pfn) ?? new Uint8Array(PAGE_SIZE);
    try {
      const data = readKernelData({ page, pageForWrite: page }, layout.kernelData) as { readonly spec?: unknown };
      return isSpec(data.spec, layout.pages) ? data.spec : null;
    } catch {
      return null;
    }
  }

  #count(page: Uint8Array): void {
    const view = viewOf(page);
    for (let at = 0; at < PAGE_SIZE; at += 8) {
      const mfn = view.getBigUint64(at, true);
      if (mfn === INVALID) continue;
      this.#mapped++;
      if (this.#lowest === null || mfn < this.#lowest) this.#lowest = mfn;
      if (this.#highest === null || mfn > this.#highest) this.#highest = mfn;
    }
  }
}

/** The bytes come from a file, so that anything may stand where a guest of ours keeps its variables. */
function isSpec(value: unknown, pages: number): value is DomainSpec {
  if (typeof value !== 'object' || value === null) return false;
  const { name, kernel, vcpus, pages: said, hz, patches } = value as Partial<Record<keyof DomainSpec, unknown>>;
  return (
    typeof name === 'string' &&
    KERNEL_NAMES.some((known) => known === kernel) &&
    Number.isInteger(vcpus) &&
    said === pages &&
    (hz === 100 || hz === 250 || hz === 1000) &&
    Array.isArray(patches)
  );
}
