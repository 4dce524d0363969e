/**
 * What becomes of the payload of one message, whatever frames it comes in: it begins, and is then gathered, scattered
 * into places that are there already, or forwarded (runtime/ports/bulk.ts). A body tells where it wants its next bytes;
 * the frame reader has the socket put them there, or copies what it has read too much.
 */
import { BULK_BEGINNING_MAX_BYTES, FORWARD_BUFFER_BYTES, MESSAGE_MAX_BYTES } from '@skewbed/proto/limits.ts';
import type { Course, Scatter } from '../ports/bulk.ts';

export interface Body {
  /** Where the next bytes go, at most `most` of them. Null: hand them in by put(). */
  room(most: number): Uint8Array | null;
  /** So many bytes are in what room() gave. */
  landed(count: number): void;
  /** Takes bytes that lie elsewhere, and says how many: fewer only when it stalls. */
  put(bytes: Uint8Array): number;
  /** Asked while more bytes are to come: it can take none of them now. Whoever stalls it also says when it goes on. */
  readonly stalled: boolean;
  /** The message is whole. False: it cannot end now; ask again when it can go on. */
  end(): boolean;
}

/** Works on any Uint8Array, whatever its declaration says. */
const copy = Buffer.prototype.copy as (this: Uint8Array, ...args: Parameters<Buffer['copy']>) => number;

/** A gap shorter than this is filled by a copy: one call into the kernel for each short run would cost more. */
const DIRECT_MIN_BYTES = 64 * 1024;

/** Bytes that grow, up to a message. */
export class Gathered {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The free place behind what is there, for `most` bytes. */
  room(most: number): Uint8Array {
    const needed = this.#length + most;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(MESSAGE_MAX_BYTES, Math.max(needed, 2 * this.#bytes.length)));
      grown.set(this.bytes);
      this.#bytes = grown;
    }
    return this.#bytes.subarray(this.#length, this.#length + most);
  }

  landed(count: number): void {
    this.#length += count;
  }

  put(bytes: Uint8Array): void {
    this.room(bytes.length).set(bytes);
    this.#length += bytes.length;
  }

  clear(): void {
    this.#length = 0;
  }
}

/** The body of a message that is gathered whole. */
export class GatherBody implements Body {
  readonly stalled = false;
  readonly #gathered: Gathered;
  readonly #told: (message: Uint8Array) => void;

  constructor(beginning: Uint8Array, told: (message: Uint8Array) => void) {
    this.#gathered = new Gathered(beginning.length);
    this.#gathered.put(beginning);
    this.#told = told;
  }

  room(most: number): Uint8Array | null {
    return most < DIRECT_MIN_BYTES ? null : this.#gathered.room(most);
  }

  landed(count: number): void {
    this.#gathered.landed(count);
  }

  put(bytes: Uint8Array): number {
    this.#gathered.put(bytes);
    return bytes.length;
  }

  end(): boolean {
    this.#told(this.#gathered.bytes);
    return true;
  }
}

/** The body of a message whose middle goes into places that are there already. */
export class ScatterBody implements Body {
  readonly stalled = false;
  readonly #course: Scatter;
  readonly #head: Uint8Array;
  readonly #tail = new Gathered(64);
  #place = 0;
  #offset = 0;

  /** `head`: everything in front of the places. */
  constructor(course: Scatter, head: Uint8Array) {
    this.#course = course;
    this.#head = head.slice();
  }

  room(most: number): Uint8Array | null {
    const view = this.#course.into[this.#place];
    if (view === undefined) return null;
    const left = Math.min(most, view.length - this.#offset);
    return left < DIRECT_MIN_BYTES ? null : view.subarray(this.#offset, this.#offset + left);
  }

  landed(count: number): void {
    const view = this.#course.into[this.#place] as Uint8Array;
    this.#course.landed(view.subarray(this.#offset, this.#offset + count));
    this.#filled(view, count);
  }

  put(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      const view = this.#course.into[this.#place];
      if (view === undefined) break;
      const count = Math.min(bytes.length - at, view.length - this.#offset);
      // set() would want a view of these bytes: half a million of them for a guest of 4 GiB whose every other page is zero.
      copy.call(bytes, view, this.#offset, at, at + count);
      this.#filled(view, count);
      at += count;
    }
    // Told in one piece, however short the runs are: a checksum has a price for each call.
    if (at > 0) this.#course.landed(bytes.subarray(0, at));
    if (at < bytes.length) this.#tail.put(bytes.subarray(at));
    return bytes.length;
  }

  end(): boolean {
    const { into } = this.#course;
    const missing = into.slice(this.#place).reduce((sum, view) => sum + view.length, 0) - this.#offset;
    this.#course.ended({ head: this.#head, tail: this.#tail.bytes, missing });
    return true;
  }

  #filled(view: Uint8Array, count: number): void {
    this.#offset += count;
    if (this.#offset < view.length) return;
    this.#place++;
    this.#offset = 0;
  }
}

/** The body of a message that nobody wants any more. */
export class DiscardBody implements Body {
  readonly stalled = false;

  room(): null {
    return null;
  }

  landed(): void {}

  put(bytes: Uint8Array): number {
    return bytes.length;
  }

  end(): boolean {
    return true;
  }
}

/** Where a forwarded message goes: pieces of it, each in a buffer that comes back when it has left. */
export interface Outlet {
  /** An empty buffer, or null when too much is under way already. */
  buffer(): Uint8Array | null;
  /** Sends the beginning of such a buffer. */
  piece(buffer: Uint8Array, length: number, place: { readonly first: boolean; readonly last: boolean }): void;
}

/** The body of a message that goes on to another channel as it comes. */
export class ForwardBody implements Body {
  readonly #outlet: Outlet;
  readonly #ended: (bytes: number) => void;
  #buffer: Uint8Array | null = null;
  /** The beginning of the message, until there is a buffer; it is shorter than one. */
  #early: Uint8Array | null;
  #filled = 0;
  #pieces = 0;
  #bytes = 0;

  constructor(outlet: Outlet, beginning: Uint8Array, ended: (bytes: number) => void) {
    this.#outlet = outlet;
    this.#ended = ended;
    this.#early = beginning.slice();
  }

  get stalled(): boolean {
    // A full buffer goes when more is to come: only then is it known that it is not the last piece.
    if (this.#filled === FORWARD_BUFFER_BYTES) this.#send(false);
    return !this.#hasBuffer();
  }

  room(most: number): Uint8Array | null {
    if (this.stalled) return null;
    const buffer = this.#buffer as Uint8Array;
    return buffer.subarray(this.#filled, Math.min(buffer.length, this.#filled + most));
  }

  landed(count: number): void {
    this.#filled += count;
    this.#bytes += count;
  }

  put(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      const room = this.room(bytes.length - at);
      if (room === null) break;
      room.set(bytes.subarray(at, at + room.length));
      this.landed(room.length);
      at += room.length;
    }
    return at;
  }

  end(): boolean {
    if (!this.#hasBuffer()) return false;
    this.#send(true);
    this.#ended(this.#bytes);
    return true;
  }

  #hasBuffer(): boolean {
    this.#buffer ??= this.#outlet.buffer();
    if (this.#buffer === null) return false;
    if (this.#early !== null) {
      this.#buffer.set(this.#early);
      this.landed(this.#early.length);
      this.#early = null;
    }
    return true;
  }

  #send(last: boolean): void {
    const buffer = this.#buffer as Uint8Array;
    this.#buffer = null;
    this.#outlet.piece(buffer, this.#filled, { first: this.#pieces === 0, last });
    this.#pieces++;
    this.#filled = 0;
  }
}

/** What begins a message, until somebody knows its course. */
export class Beginning {
  readonly #gathered = new Gathered(BULK_BEGINNING_MAX_BYTES);
  readonly #ask: (beginning: Uint8Array) => Course | null;

  constructor(ask: (beginning: Uint8Array) => Course | null) {
    this.#ask = ask;
  }

  get bytes(): Uint8Array {
    return this.#gathered.bytes;
  }

  get room(): number {
    return BULK_BEGINNING_MAX_BYTES - this.#gathered.length;
  }

  clear(): void {
    this.#gathered.clear();
  }

  /** Takes more of the message; its course, or null when it is not known yet. */
  put(bytes: Uint8Array): Course | null {
    this.#gathered.put(bytes);
    const course = this.#ask(this.bytes);
    const known = course !== null && (course.kind !== 'scatter' || course.at <= this.#gathered.length);
    if (known) return course;
    return this.room === 0 ? { kind: 'gather' } : null;
  }
}
