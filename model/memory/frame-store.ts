/**
 * Where the bytes of a host's frames lie: slots of extents, in the order in which frames were handed out first. A guest
 * that was given its frames in one go therefore lies in a row however its mfns are scrambled, and a run of its pages is
 * one view: what a migration needs to be read and written without a copy. An extent has memory only while one of its
 * slots was written; small hosts have small extents, as a simulator has thousands of them.
 * Left out: moving bytes. A slot is its frame's for ever.
 */
import { PAGE_SIZE } from '@skewbed/proto/records.ts';

/** Frames with consecutive slots in one extent. `bytes` is null when none of them was written: all zero. */
export type FrameRun = { readonly count: number; readonly bytes: Uint8Array | null };

/** 4 MiB on hosts from 256 MiB on, 256 KiB on smaller ones. */
const LARGE_HOST_FRAMES = 65_536;
const LARGE_EXTENT_SLOTS = 1024;
const SMALL_EXTENT_SLOTS = 64;

/** A frame that was never handed out. */
const NO_SLOT = 0xffff_ffff;

/** Never written since the extent was made; written; written by whoever had the frame before. */
const CLEAN = 0;
const TOUCHED = 1;
const STALE = 2;

export class FrameStore {
  readonly #slotOf: Uint32Array;
  readonly #stateOf: Uint8Array;
  readonly #extentSlots: number;
  readonly #extents: (Uint8Array | undefined)[] = [];
  /** Written slots by extent. */
  readonly #touched: Uint32Array;
  /** A page is the same object as long as it is somebody's. */
  readonly #views: (Uint8Array | undefined)[];

  constructor(frames: number) {
    this.#slotOf = new Uint32Array(frames).fill(NO_SLOT);
    this.#stateOf = new Uint8Array(frames);
    this.#extentSlots = frames >= LARGE_HOST_FRAMES ? LARGE_EXTENT_SLOTS : SMALL_EXTENT_SLOTS;
    this.#touched = new Uint32Array(Math.ceil(frames / this.#extentSlots));
    this.#views = new Array(frames);
  }

  /** A frame is handed out for the first time, as number `slot`. */
  settle(frame: number, slot: number): void {
    this.#slotOf[frame] = slot;
  }

  isTouched(frame: number): boolean {
    return this.#stateOf[this.#slotOf[frame]!] === TOUCHED;
  }

  /** The bytes of a frame that was written, or undefined. */
  page(frame: number): Uint8Array | undefined {
    return this.#views[frame] ?? (this.isTouched(frame) ? this.#view(frame) : undefined);
  }

  /** The bytes of a frame: from now on it was written. */
  pageForWrite(frame: number): Uint8Array {
    const known = this.#views[frame];
    if (known !== undefined) return known;
    const slot = this.#slotOf[frame]!;
    const wasStale = this.#stateOf[slot] === STALE;
    this.#touch(slot);
    const view = this.#view(frame);
    if (wasStale) view.fill(0);
    return view;
  }

  /** The frame reads as zeros again. */
  clear(frame: number): void {
    const slot = this.#slotOf[frame]!;
    this.#views[frame] = undefined;
    if (this.#stateOf[slot] !== TOUCHED) return;
    this.#stateOf[slot] = STALE;
    const extent = Math.floor(slot / this.#extentSlots);
    this.#touched[extent] = this.#touched[extent]! - 1;
    if (this.#touched[extent] > 0) return;
    this.#extents[extent] = undefined;
    this.#stateOf.fill(CLEAN, extent * this.#extentSlots, (extent + 1) * this.#extentSlots);
  }

  /** The longest run from frameAt(0) on, of at most `most` frames that were all written or all not. */
  run(frameAt: (index: number) => number, most: number): FrameRun {
    const slot = this.#slotOf[frameAt(0)]!;
    const touched = this.#stateOf[slot] === TOUCHED;
    const end = this.#reach(slot, most);
    let count = 1;
    while (slot + count < end && this.#slotOf[frameAt(count)] === slot + count) {
      if ((this.#stateOf[slot + count] === TOUCHED) !== touched) break;
      count++;
    }
    return { count, bytes: touched ? this.#bytes(slot, count) : null };
  }

  /** The same for who will write every byte of it: what stands there now may be anything. */
  runForWrite(frameAt: (index: number) => number, most: number): FrameRun & { readonly bytes: Uint8Array } {
    const slot = this.#slotOf[frameAt(0)]!;
    const end = this.#reach(slot, most);
    let count = 1;
    while (slot + count < end && this.#slotOf[frameAt(count)] === slot + count) count++;
    for (let each = slot; each < slot + count; each++) this.#touch(each);
    return { count, bytes: this.#bytes(slot, count) };
  }

  #reach(slot: number, most: number): number {
    return Math.min(slot + most, (Math.floor(slot / this.#extentSlots) + 1) * this.#extentSlots);
  }

  #touch(slot: number): void {
    if (this.#stateOf[slot] === TOUCHED) return;
    this.#stateOf[slot] = TOUCHED;
    const extent = Math.floor(slot / this.#extentSlots);
    this.#touched[extent] = this.#touched[extent]! + 1;
    this.#extents[extent] ??= new Uint8Array(this.#extentSlots * PAGE_SIZE);
  }

  #view(frame: number): Uint8Array {
    const view = this.#bytes(this.#slotOf[frame]!, 1);
    this.#views[frame] = view;
    return view;
  }

  #bytes(slot: number, count: number): Uint8Array {
    const from = (slot % this.#extentSlots) * PAGE_SIZE;
    return this.#extents[Math.floor(slot / this.#extentSlots)]!.subarray(from, from + count * PAGE_SIZE);
  }
}
