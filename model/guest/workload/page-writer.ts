/**
 * A program in the guest that dirties memory: one page at each timer interrupt, or as many
 * as its pace says, going round `count` pages. Each page
 * carries its own number and the number of the write, all over; before a page is written again it is read, and must
 * hold exactly what the writer left there. A page that a migration lost, or delivered as it was earlier, is caught.
 */
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import type { GuestMemory } from '../kernel-data.ts';

const WORD_BYTES = 4;
const WORDS = PAGE_SIZE / WORD_BYTES;
const MAGIC = 0x5ce1_bed0;

export type PageWriterState = { writes: bigint; readonly bad: number[] };

/**
 * How many writes a stretch of ticks is worth. A hypervisor that throttles the guest takes a part of each tick away
 * (QEMU's auto-converge); the fraction of a write that is left over counts in the next stretch, so that one long stretch
 * and many short ones come to the same.
 */
export class WriterPace {
  readonly #pagesPerTick: bigint;
  #throttlePercent = 0n;
  #leftPercent = 0n;

  constructor(pagesPerTick: number) {
    this.#pagesPerTick = BigInt(pagesPerTick);
  }

  /** From the next tick on; 0 is full speed. */
  throttle(percent: number): void {
    this.#throttlePercent = BigInt(percent);
  }

  /** The writes of these ticks. */
  writesIn(ticks: bigint): bigint {
    const due = this.#leftPercent + ticks * this.#pagesPerTick * (100n - this.#throttlePercent);
    this.#leftPercent = due % 100n;
    return due / 100n;
  }
}

/** Catches up with `writes` more writes. Only the last `count` of them are left to be seen, so only they are done. */
export function writePages(
  memory: GuestMemory,
  place: { first: number; count: number },
  state: PageWriterState,
  writes: bigint,
): void {
  if (place.count === 0) return;
  const count = BigInt(place.count);
  const end = state.writes + writes;
  const begin = writes > count ? end - count : state.writes;
  for (let write = begin; write < end; write++) {
    const index = Number(write % count);
    const expected = lastWriteOf(index, state.writes, count);
    if (!holds(memory, place.first + index, expected)) state.bad.push(place.first + index);
    fill(memory, place.first + index, write);
  }
  state.writes = end;
}

/** The pages which do not hold what the writer left in them, those seen while writing included. */
export function checkPages(
  memory: GuestMemory,
  place: { first: number; count: number },
  state: PageWriterState,
): number[] {
  const bad = new Set(state.bad);
  for (let index = 0; index < place.count; index++) {
    const pfn = place.first + index;
    if (!holds(memory, pfn, lastWriteOf(index, state.writes, BigInt(place.count)))) bad.add(pfn);
  }
  return [...bad].sort((a, b) => a - b);
}

/** The number of the last write to page `index` among the first `writes`, or null. */
function lastWriteOf(index: number, writes: bigint, count: bigint): bigint | null {
  const i = BigInt(index);
  if (writes <= i) return null;
  return i + ((writes - 1n - i) / count) * count;
}

function pattern(pfn: number, write: bigint): number {
  return (
    (MAGIC ^
      Math.imul(pfn, 0x9e37_79b1) ^
      Math.imul(Number(write & 0xffff_ffffn), 0x85eb_ca6b) ^
      Number((write >> 32n) & 0xffff_ffffn)) >>>
    0
  );
}

const wordsOf = (page: Uint8Array): Uint32Array => new Uint32Array(page.buffer, page.byteOffset, WORDS);

function fill(memory: GuestMemory, pfn: number, write: bigint): void {
  const words = wordsOf(memory.pageForWrite(pfn));
  words.fill(pattern(pfn, write));
  words[WORDS - 1] = pattern(pfn, ~write & 0xffff_ffffn);
}

function holds(memory: GuestMemory, pfn: number, write: bigint | null): boolean {
  const words = wordsOf(memory.page(pfn));
  const expected = write === null ? 0 : pattern(pfn, write);
  const tail = write === null ? 0 : pattern(pfn, ~write & 0xffff_ffffn);
  // A loop: this is asked at each tick of each guest, and every() takes five times as long.
  for (let i = 0; i < WORDS - 1; i++) if (words[i] !== expected) return false;
  return words[WORDS - 1] === tail;
}
