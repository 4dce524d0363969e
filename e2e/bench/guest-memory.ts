/**
 * The memory of a guest as a benchmark needs it: frames of a host like any other's (model/memory/machine.ts), all of them
 * touched beforehand, for the first touch of fresh memory costs three times as much as moving it. Left out: page tables.
 */
import { MachineMemory } from '@skewbed/model/memory/machine.ts';
import type { MemoryRun } from '@skewbed/proto/bulk-batch.ts';
import { BATCH_PAGES_MAX } from '@skewbed/proto/limits.ts';
import type { PageRun } from '@skewbed/proto/page-runs.ts';
import { PAGE_SIZE, PAGE_TYPE } from '@skewbed/proto/records.ts';
import { checksums } from '@skewbed/runtime/checksum.ts';
import { nodePageOps } from '@skewbed/runtime/page-ops.ts';
import { SeededRandom } from '@skewbed/runtime/random.ts';

/** What stands in the pages: random bytes; zeros in the second half; in every second page; everywhere. */
export const PATTERNS = ['random', 'half', 'alternating', 'zero'] as const;
export type Pattern = (typeof PATTERNS)[number];

/** Whether a page of that pattern is all zero. */
export function isZeroPage(pattern: Pattern, pfn: number, pages: number): boolean {
  switch (pattern) {
    case 'random':
      return false;
    case 'half':
      return pfn >= pages / 2;
    case 'alternating':
      return pfn % 2 === 1;
    case 'zero':
      return true;
    default:
      return pattern satisfies never;
  }
}

export class GuestMemory {
  readonly pages: number;
  readonly #memory: MachineMemory;
  readonly #mfns: readonly number[];

  /** Memory that reads as zeros, and was touched. */
  constructor(pages: number) {
    this.pages = pages;
    this.#memory = new MachineMemory({ frames: pages, salt: 3 });
    this.#mfns = this.#memory.allocate('guest', pages);
    for (let pfn = 0; pfn < pages; ) {
      const { count, bytes } = this.forWrite(pfn, pages - pfn);
      bytes.fill(0);
      pfn += count;
    }
  }

  fill(pattern: Pattern): void {
    const random = randomBlock();
    for (let pfn = 0; pfn < this.pages; pfn++) {
      const page = this.forWrite(pfn, 1).bytes;
      if (isZeroPage(pattern, pfn, this.pages)) page.fill(0);
      else page.set(random.subarray((pfn % 1021) * 64, (pfn % 1021) * 64 + PAGE_SIZE));
    }
  }

  /** The pages from `pfn` on as runs of zero and other ones: one batch, and where the next one begins. */
  batchFrom(pfn: number): { readonly runs: MemoryRun[]; readonly next: number } {
    const { count, bytes } = this.#memory.run(
      (at) => this.#mfns[pfn + at] as number,
      Math.min(BATCH_PAGES_MAX, this.pages - pfn),
    );
    const runs: MemoryRun[] = [];
    if (bytes === null) return { runs: [{ pfn, count, type: PAGE_TYPE.NOTAB, bytes: null }], next: pfn + count };
    nodePageOps.zeroRuns?.(bytes, (first, length, zero) => {
      runs.push({
        pfn: pfn + first,
        count: length,
        type: PAGE_TYPE.NOTAB,
        bytes: zero ? null : this.#bytesOf(pfn + first, { first, length, bytes }),
      });
    });
    return { runs, next: pfn + count };
  }

  /** A page that is alone has a view already, as pages of a guest have; others get one. */
  #bytesOf(pfn: number, { first, length, bytes }: { first: number; length: number; bytes: Uint8Array }): Uint8Array {
    if (length === 1) return this.#memory.page(this.#mfns[pfn] as number);
    return bytes.subarray(first * PAGE_SIZE, (first + length) * PAGE_SIZE);
  }

  /** The places of these runs' pages. */
  placesOf(runs: readonly PageRun[]): Uint8Array[] {
    const places: Uint8Array[] = [];
    for (const { pfn, count, present } of runs) {
      if (!present) continue;
      if (count === 1) {
        places.push(this.#memory.pageForWrite(this.#mfns[pfn] as number));
        continue;
      }
      for (let done = 0; done < count; ) {
        const run = this.forWrite(pfn + done, count - done);
        places.push(run.bytes);
        done += run.count;
      }
    }
    return places;
  }

  /** Makes the pages of zero runs zero, but writes only to those which are not. */
  clear(runs: readonly PageRun[]): void {
    for (const { pfn, count, present } of runs) {
      if (present) continue;
      if (count === 1) {
        const mfn = this.#mfns[pfn] as number;
        if (!nodePageOps.isZero(this.#memory.page(mfn))) this.#memory.pageForWrite(mfn).fill(0);
        continue;
      }
      for (let done = 0; done < count; ) {
        const run = this.#memory.run((at) => this.#mfns[pfn + done + at] as number, count - done);
        const { bytes } = run;
        if (bytes !== null) {
          nodePageOps.zeroRuns?.(bytes, (first, length, zero) => {
            if (!zero) bytes.fill(0, first * PAGE_SIZE, (first + length) * PAGE_SIZE);
          });
        }
        done += run.count;
      }
    }
  }

  forWrite(pfn: number, most: number): { readonly count: number; readonly bytes: Uint8Array } {
    return this.#memory.runForWrite((at) => this.#mfns[pfn + at] as number, most);
  }

  /** A sum over all of it, to compare two of them. */
  sum(): string {
    const sum = (checksums.names.includes('xxh3') ? checksums.named('xxh3') : checksums.named('crc32')).running();
    for (let pfn = 0; pfn < this.pages; ) {
      const { count, bytes } = this.forWrite(pfn, this.pages - pfn);
      sum.update(bytes);
      pfn += count;
    }
    return sum.value().toString(16);
  }
}

/** The bytes that pages which are not zero are cut from. */
export function randomBlock(): Uint8Array {
  const random = new SeededRandom(1, 'pages');
  const words = new Uint32Array((1021 * 64 + PAGE_SIZE) / 4);
  for (let i = 0; i < words.length; i++) words[i] = random.below(2 ** 32);
  return new Uint8Array(words.buffer);
}
