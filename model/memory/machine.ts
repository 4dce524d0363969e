/**
 * The machine memory of one host: 4096-byte frames by number (mfn), each free or owned by exactly one (a domain, Xen).
 * Frames are handed out from extents of up to 1024, in an order that a salt scrambles, so that a guest's mfns differ
 * from host to host as they do in the field: nothing that moves an mfn to another host by mistake goes unnoticed.
 * (Xen: xen/common/page_alloc.c; libxc populates in batches of 1024, tools/libs/guest/xg_sr_restore.c.)
 * A frame has bytes only once it is written, so that a guest of 16 GiB which touched nothing costs nothing; where they
 * lie is frame-store.ts.
 * Left out: zones, superpages, sharing of frames between domains.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { HOST_FRAMES_MAX, PROBLEMS_MAX } from '@skewbed/proto/limits.ts';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import { type FrameRun, FrameStore } from './frame-store.ts';

/** Frames of one extent, at most. */
export const EXTENT_FRAMES = 1024;
/** The first frame that is handed out. The megabyte below belongs to the firmware, and mfn 0 means "none" in the ABI. */
export const FIRST_MFN = 256;

const PAGE_SHIFT = 12;
const FREE = 0;
const ZERO_PAGE = new Uint8Array(PAGE_SIZE);

export type FramesAudit = {
  readonly total: number;
  readonly free: number;
  readonly owned: number;
  /** What is wrong, at most PROBLEMS_MAX of them. Empty in a sound world. */
  readonly problems: readonly string[];
};

export class MachineMemory {
  readonly total: number;
  readonly #order: FrameOrder;
  /** Owner number by frame index (mfn - FIRST_MFN), FREE when nobody's. */
  readonly #ownerOf: Uint16Array;
  readonly #ownerNames: string[] = ['(free)'];
  readonly #ownerNumbers = new Map<string, number>();
  readonly #owned = new Map<string, number>();
  readonly #store: FrameStore;
  /** Frames that came back. They go out again before fresh ones, from the end: in the order in which they came back. */
  readonly #returned: number[] = [];
  #freshTaken = 0;

  /** @param options.salt where the order begins: two hosts of one size but different salts give other mfns throughout. */
  constructor({ frames, salt }: { readonly frames: number; readonly salt: number }) {
    if (!Number.isInteger(frames) || frames < 1 || frames > HOST_FRAMES_MAX) {
      throw new SkewbedError(
        'limit-exceeded',
        `a host of ${frames} frames; give 1 to ${HOST_FRAMES_MAX} frames of 4096 bytes`,
      );
    }
    if (!Number.isSafeInteger(salt)) throw new SkewbedError('bad-argument', `mfn salt ${salt}; give an integer`);
    this.total = frames;
    this.#order = frameOrder(frames, salt);
    this.#ownerOf = new Uint16Array(frames);
    this.#store = new FrameStore(frames);
  }

  get free(): number {
    return this.#returned.length + this.total - this.#freshTaken;
  }

  /** Frames of one owner. */
  owned(owner: string): number {
    return this.#owned.get(owner) ?? 0;
  }

  /** Gives `count` frames, which read as zeros, or throws 'out-of-memory' and gives none. */
  allocate(owner: string, count: number): number[] {
    if (!Number.isInteger(count) || count < 0)
      throw new SkewbedError('bad-argument', `${count} frames for ${owner}; give a count`);
    if (count > this.free) {
      throw new SkewbedError(
        'out-of-memory',
        `${owner} needs ${count} frames (${kib(count)}) and ${this.free} of ${this.total} are free (${kib(this.free)}); give the host more frames or destroy a domain`,
      );
    }
    const number = this.#numberOf(owner);
    const mfns: number[] = new Array(count);
    for (let i = 0; i < count; i++) {
      const index = this.#returned.pop() ?? this.#fresh();
      this.#ownerOf[index] = number;
      mfns[i] = FIRST_MFN + index;
    }
    this.#owned.set(owner, this.owned(owner) + count);
    return mfns;
  }

  /** Takes frames back and forgets their bytes. A frame that is not the owner's, or comes twice, is an assertion. */
  release(owner: string, mfns: Iterable<number>): void {
    const number = this.#ownerNumbers.get(owner);
    const back: number[] = [];
    try {
      for (const mfn of mfns) back.push(this.#takeBack(owner, number, mfn));
    } finally {
      this.#owned.set(owner, this.owned(owner) - back.length);
      for (const index of back.reverse()) this.#returned.push(index);
    }
  }

  /** The owner of a frame, null when it is free. */
  ownerOf(mfn: number): string | null {
    const number = this.#ownerOf[this.#indexOf(mfn)]!;
    return number === FREE ? null : this.#ownerNames[number]!;
  }

  isTouched(mfn: number): boolean {
    return this.#store.isTouched(this.#indexOf(mfn));
  }

  /** The bytes of a frame for reading only: an untouched frame shows one page of zeros that all hosts share. */
  page(mfn: number): Uint8Array {
    return this.#store.page(this.#indexOf(mfn)) ?? ZERO_PAGE;
  }

  /** The bytes of a frame that somebody owns, for writing. They stay the same object until the frame is released. */
  pageForWrite(mfn: number): Uint8Array {
    return this.#store.pageForWrite(this.#ownedIndexOf(mfn));
  }

  /** The longest run of frames from mfnAt(0) on which lie in a row: at most `most`, all of them written or all not. */
  run(mfnAt: (index: number) => number, most: number): FrameRun {
    return this.#store.run((at) => this.#indexOf(mfnAt(at)), most);
  }

  /** The same for who will write every byte of it: what stands there now may be anything. */
  runForWrite(mfnAt: (index: number) => number, most: number): FrameRun & { readonly bytes: Uint8Array } {
    return this.#store.runForWrite((at) => this.#ownedIndexOf(mfnAt(at)), most);
  }

  /** Makes a frame read as zeros again, and cost nothing. Whoever holds its bytes from before holds them no more. */
  clearPage(mfn: number): void {
    this.#store.clear(this.#indexOf(mfn));
  }

  /** Counts every frame: each is free or owned by exactly one, and the free ones are those that allocate would give. */
  audit(): FramesAudit {
    const problems: string[] = [];
    const report = (problem: string): void => {
      if (problems.length < PROBLEMS_MAX) problems.push(problem);
    };
    const givable = new Uint8Array(this.total);
    for (const index of this.#returned) {
      if (givable[index] === 1) report(`frame ${hex(FIRST_MFN + index)} was given back twice`);
      givable[index] = 1;
    }
    for (let taken = this.#freshTaken; taken < this.total; taken++) givable[this.#order(taken)] = 1;
    const counted = new Uint32Array(this.#ownerNames.length);
    this.#ownerOf.forEach((number, index) => {
      counted[number] = counted[number]! + 1;
      if (number === FREE && givable[index] === 0)
        report(`frame ${hex(FIRST_MFN + index)} is lost: nobody's, and not free`);
      if (number !== FREE && givable[index] === 1) {
        report(`frame ${hex(FIRST_MFN + index)} belongs to ${this.#ownerNames[number]}, and is free as well`);
      }
      if (number === FREE && this.#store.isTouched(index))
        report(`frame ${hex(FIRST_MFN + index)} is free and keeps bytes`);
    });
    for (const [owner, number] of this.#ownerNumbers) {
      if (counted[number] !== this.owned(owner))
        report(`${owner} owns ${counted[number]} frames, its count says ${this.owned(owner)}`);
    }
    if (ZERO_PAGE.some((byte) => byte !== 0)) report('the page of zeros that untouched frames show was written to');
    return { total: this.total, free: counted[FREE]!, owned: this.total - counted[FREE]!, problems };
  }

  #takeBack(owner: string, number: number | undefined, mfn: number): number {
    const index = this.#indexOf(mfn);
    const holder = this.#ownerOf[index]!;
    if (holder !== number) {
      throw new SkewbedError(
        'crash',
        `${owner} gives back frame ${hex(mfn)}, which belongs to ${this.#ownerNames[holder]}`,
        `mfn ${hex(mfn)}`,
      );
    }
    this.#ownerOf[index] = FREE;
    this.#store.clear(index);
    return index;
  }

  #fresh(): number {
    const index = this.#order(this.#freshTaken);
    this.#store.settle(index, this.#freshTaken);
    this.#freshTaken++;
    return index;
  }

  #ownedIndexOf(mfn: number): number {
    const index = this.#indexOf(mfn);
    if (this.#ownerOf[index] !== FREE) return index;
    throw new SkewbedError('crash', `write to frame ${hex(mfn)}, which is free`, `mfn ${hex(mfn)}`);
  }

  #indexOf(mfn: number): number {
    const index = mfn - FIRST_MFN;
    if (Number.isInteger(mfn) && index >= 0 && index < this.total) return index;
    throw new SkewbedError(
      'crash',
      `frame ${hex(mfn)} is not of this host, whose frames are ${hex(FIRST_MFN)} to ${hex(FIRST_MFN + this.total - 1)}`,
      `mfn ${hex(mfn)}`,
    );
  }

  #numberOf(owner: string): number {
    const known = this.#ownerNumbers.get(owner);
    if (known !== undefined) return known;
    const number = this.#ownerNames.push(owner) - 1;
    if (number > 0xffff)
      throw new SkewbedError(
        'limit-exceeded',
        `${owner} would be owner ${number} of frames on this host; start it anew`,
      );
    this.#ownerNumbers.set(owner, number);
    return number;
  }
}

/** The frame index that is handed out as number `taken`: a permutation of [0, frames). */
type FrameOrder = (taken: number) => number;

/**
 * Extent after extent, the frames of each in a stride, and everything turned by the salt. Turning makes the promise of
 * the constructor true: of two different places to start, no two steps of the same order ever meet.
 */
function frameOrder(frames: number, salt: number): FrameOrder {
  const extent = Math.min(EXTENT_FRAMES, 1 << (31 - Math.clz32(frames)));
  const extents = Math.floor(frames / extent);
  const extentStride = strideOf(extents);
  const start = startOf(frames, salt);
  return (taken) => {
    const k = Math.floor(taken / extent);
    const inside = taken % extent;
    // What is left over beyond the last whole extent goes out last, in order.
    const index = k < extents ? ((k * extentStride) % extents) * extent + ((inside * 389) % extent) : taken;
    return (index + start) % frames;
  };
}

/** Spreads small salts over the host; salts that differ modulo `frames` start at different places. */
function startOf(frames: number, salt: number): number {
  const turn = ((salt % frames) + frames) % frames;
  return Number((BigInt(turn) * BigInt(strideOf(frames))) % BigInt(frames));
}

/** A number near 0.618 of n that shares no factor with it, so that its multiples modulo n visit everything. */
function strideOf(n: number): number {
  let stride = Math.max(1, Math.floor(n * 0.618));
  while (greatestCommonDivisor(stride, n) !== 1) stride++;
  return stride;
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));
const hex = (mfn: number): string => `0x${mfn.toString(16)}`;
const kib = (frames: number): string => `${frames * (1 << (PAGE_SHIFT - 10))} KiB`;
