/**
 * Log-dirty: which pages of a domain were written since somebody looked (xen/arch/x86/mm/paging.c, XEN_DOMCTL_shadow_op).
 * ENABLE starts with nothing dirty and every page protected; OFF ends it; CLEAN copies the bitmap and starts anew; PEEK
 * copies and changes nothing. A page that is written after CLEAN took its copy is in the next one: the domain is paused
 * during CLEAN, so no write falls between copy and protection.
 * CLEAN with LOGDIRTY_FINAL, of a domain that is stopped for good, protects nothing anew: only backends are seen after it.
 * Left out: the radix tree and its -ENOMEM, preemption and its -EBUSY, device DMA (which Xen does not see either).
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';

/** A set of pfns as Xen hands it out: bit pfn of a bitmap, in 32-bit words. */
export class DirtyBitmap {
  readonly pages: number;
  readonly words: Uint32Array;

  constructor(pages: number, words: Uint32Array = new Uint32Array(Math.ceil(pages / 32))) {
    this.pages = pages;
    this.words = words;
  }

  /** Every page dirty: what a sender starts its first pass with. */
  static full(pages: number): DirtyBitmap {
    const bitmap = new DirtyBitmap(pages);
    bitmap.words.fill(0xffff_ffff);
    if (pages % 32 !== 0) bitmap.words[bitmap.words.length - 1] = 2 ** (pages % 32) - 1;
    return bitmap;
  }

  has(pfn: number): boolean {
    return ((this.words[pfn >>> 5]! >>> (pfn & 31)) & 1) === 1;
  }

  /** Sets the bit, and says whether it was clear. */
  add(pfn: number): boolean {
    if (!(pfn >= 0 && pfn < this.pages)) {
      throw new SkewbedError('crash', `pfn ${pfn} is not of this bitmap, which has ${this.pages} pages`, `pfn ${pfn}`);
    }
    const before = this.words[pfn >>> 5]!;
    const after = (before | (1 << (pfn & 31))) >>> 0;
    this.words[pfn >>> 5] = after;
    return after !== before;
  }

  /** Takes a page out of the set. */
  remove(pfn: number): void {
    this.words[pfn >>> 5] = (this.words[pfn >>> 5]! & ~(1 << (pfn & 31))) >>> 0;
  }

  /** Adds every page of another bitmap of this size. */
  addAll(other: DirtyBitmap): void {
    other.words.forEach((word, index) => {
      this.words[index] = this.words[index]! | word;
    });
  }

  clear(): void {
    this.words.fill(0);
  }

  copy(): DirtyBitmap {
    return new DirtyBitmap(this.pages, this.words.slice());
  }

  get count(): number {
    let count = 0;
    for (const word of this.words) count += onesIn(word);
    return count;
  }

  /** The pfns in the set, rising. A word of zeros costs one comparison, a set bit one clz32. */
  *pfns(): Generator<number> {
    for (let index = 0; index < this.words.length; index++) {
      for (let word = this.words[index]!; word !== 0; word &= word - 1) {
        yield index * 32 + 31 - Math.clz32(word & -word);
      }
    }
  }
}

/** What CLEAN and PEEK answer. */
export type DirtyReport = {
  readonly dirty: DirtyBitmap;
  readonly dirtyCount: number;
  /** Write faults of the guest since the last CLEAN: the first write to each page after it was protected. */
  readonly faultCount: number;
};

/** Who wrote: the guest's processor faults on a protected page, a backend marks what it writes through a grant. */
export type Writer = 'guest' | 'backend';

/** Whether the pages are protected again after a CLEAN: not when it is the last (LOGDIRTY_FINAL). */
export type CleanMode = 'protect-again' | 'final';

export class LogDirty {
  readonly #dirty: DirtyBitmap;
  #enabled = false;
  #protected = false;
  #dirtyCount = 0;
  #faultCount = 0;

  constructor(pages: number) {
    this.#dirty = new DirtyBitmap(pages);
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  /** ENABLE. Throws 'illegal-state' when it is on already, as Xen answers -EINVAL; a toolstack then goes OFF and on. */
  enable(): void {
    if (this.#enabled) throw new SkewbedError('illegal-state', 'log-dirty is on already; switch it off first');
    this.#enabled = true;
    this.#protected = true;
    this.#reset();
  }

  /** OFF, which may come at any time. */
  disable(): void {
    this.#enabled = false;
    this.#reset();
  }

  /** A write to a page. Does nothing while log-dirty is off. */
  mark(pfn: number, writer: Writer): void {
    if (!this.#enabled || (writer === 'guest' && !this.#protected) || !this.#dirty.add(pfn)) return;
    this.#dirtyCount++;
    if (writer === 'guest') this.#faultCount++;
  }

  /** CLEAN: what was written since the last CLEAN, and a new beginning. */
  clean(mode: CleanMode = 'protect-again'): DirtyReport {
    const report = this.peek();
    this.#protected = mode === 'protect-again';
    this.#reset();
    return report;
  }

  /** PEEK: the same answer, and nothing changes. */
  peek(): DirtyReport {
    if (!this.#enabled) throw new SkewbedError('illegal-state', 'log-dirty is off; switch it on before the first pass');
    return { dirty: this.#dirty.copy(), dirtyCount: this.#dirtyCount, faultCount: this.#faultCount };
  }

  #reset(): void {
    this.#dirty.clear();
    this.#dirtyCount = 0;
    this.#faultCount = 0;
  }
}

/** Bits set in a 32-bit word, added up in parallel. */
function onesIn(word: number): number {
  let sum = word - ((word >>> 1) & 0x5555_5555);
  sum = (sum & 0x3333_3333) + ((sum >>> 2) & 0x3333_3333);
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
