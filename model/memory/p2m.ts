/**
 * The p2m of one domain: which machine frame (mfn) stands behind each of its pages (pfn), and back. For a PV guest both
 * directions are real tables: the guest's own p2m, and Xen's machine_to_phys (xen/include/asm-x86/mm.h). It is a
 * bijection between the populated pfns and their mfns at all times, and audit() says where it is not.
 * Left out: the list in guest memory (p2m-list.ts), and foreign mappings by grants.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { DOMAIN_PAGES_MAX, PROBLEMS_MAX } from '@skewbed/proto/limits.ts';

const NONE = -1;

export class P2m {
  /** Pages that the domain may have: pfns are below it. */
  readonly size: number;
  readonly #mfns: Int32Array;
  readonly #pfns = new Map<number, number>();

  constructor(size: number) {
    if (!Number.isInteger(size) || size < 1 || size > DOMAIN_PAGES_MAX) {
      throw new SkewbedError('limit-exceeded', `a domain of ${size} pages; give 1 to ${DOMAIN_PAGES_MAX}`);
    }
    this.size = size;
    this.#mfns = new Int32Array(size).fill(NONE);
  }

  /** Pages that have a frame. */
  get populated(): number {
    return this.#pfns.size;
  }

  /** Puts a frame behind a page. Both have to be unused: a second use is an assertion. */
  map(pfn: number, mfn: number): void {
    const before = this.#mfns[this.#checked(pfn)]!;
    const other = this.#pfns.get(mfn);
    if (before !== NONE || other !== undefined) {
      const why =
        before === NONE ? `frame ${hex(mfn)} stands behind pfn ${other}` : `the page has frame ${hex(before)}`;
      throw new SkewbedError('crash', `pfn ${pfn} cannot get frame ${hex(mfn)}: ${why}`, `pfn ${pfn}`);
    }
    this.#mfns[pfn] = mfn;
    this.#pfns.set(mfn, pfn);
  }

  /** Takes the frame from behind a page, and returns it. */
  unmap(pfn: number): number {
    const mfn = this.frameOf(pfn);
    this.#mfns[pfn] = NONE;
    this.#pfns.delete(mfn);
    return mfn;
  }

  /** The frame behind a page, null when there is none or the pfn is beyond the domain. */
  mfnOf(pfn: number): number | null {
    const mfn = this.#mfns[pfn];
    return mfn === undefined || mfn === NONE ? null : mfn;
  }

  /** The page in front of a frame, null when the frame is not of this domain. */
  pfnOf(mfn: number): number | null {
    return this.#pfns.get(mfn) ?? null;
  }

  /** As mfnOf, for a page that has to have a frame. */
  frameOf(pfn: number): number {
    const mfn = this.#mfns[this.#checked(pfn)]!;
    if (mfn === NONE) throw new SkewbedError('crash', `pfn ${pfn} has no frame`, `pfn ${pfn}`);
    return mfn;
  }

  /** Populated pages in rising order, with their frames. */
  *entries(): Generator<readonly [pfn: number, mfn: number]> {
    for (let pfn = 0; pfn < this.size; pfn++) {
      const mfn = this.#mfns[pfn]!;
      if (mfn !== NONE) yield [pfn, mfn];
    }
  }

  /** What is wrong with the bijection, at most PROBLEMS_MAX problems. `owns` says whose a frame is. */
  audit(owns: (mfn: number) => boolean): string[] {
    const problems: string[] = [];
    let populated = 0;
    for (const [pfn, mfn] of this.entries()) {
      populated++;
      if (problems.length >= PROBLEMS_MAX) break;
      const back = this.#pfns.get(mfn);
      if (back !== pfn) problems.push(`pfn ${pfn} has frame ${hex(mfn)}, which says pfn ${back}`);
      if (!owns(mfn)) problems.push(`pfn ${pfn} has frame ${hex(mfn)}, which belongs to another`);
    }
    if (problems.length < PROBLEMS_MAX && populated !== this.populated) {
      problems.push(`${populated} pages have frames, ${this.populated} frames have pages`);
    }
    return problems;
  }

  #checked(pfn: number): number {
    if (Number.isInteger(pfn) && pfn >= 0 && pfn < this.size) return pfn;
    throw new SkewbedError(
      'crash',
      `pfn ${pfn} is not of this domain, whose pfns are 0 to ${this.size - 1}`,
      `pfn ${pfn}`,
    );
  }
}

const hex = (mfn: number): string => `0x${mfn.toString(16)}`;
