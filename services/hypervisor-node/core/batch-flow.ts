/**
 * The batches of one stream as its source counts them: which number is next, which are acknowledged, how many bytes went.
 * While the guest still runs it keeps what is not acknowledged (at most the credit), so that a stream which broke goes on
 * from what the target has applied; and it may be held to a bandwidth.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { BATCH_PAGES_MAX, STREAM_CREDIT_BATCHES } from '@skewbed/proto/limits.ts';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import { NS_PER_S, type TrueNs, trueNs } from '@skewbed/proto/units.ts';

/** Whether what was sent may have to be sent again. */
export type Keeping = 'until-acknowledged' | 'nothing';

export class BatchFlow {
  readonly #migration: string;
  #nextSeq = 0;
  #acknowledged = 0;
  #bytes = 0;
  /** From #acknowledged on; shorter where nothing is kept. */
  #kept: Uint8Array[] = [];
  #keeping: Keeping;
  #bandwidth: number | null;
  /** Of a batch that is kept. */
  #keptPages = BATCH_PAGES_MAX;
  /** Memory of messages that are acknowledged, for the next ones: the first touch of fresh memory costs more than a copy. */
  #spare: ArrayBuffer[] = [];
  /** Before this instant the next batch would be beyond the bandwidth. */
  #paidUntil = 0n;

  constructor(migration: string, options: { readonly keeping: Keeping; readonly bandwidth: number | null }) {
    this.#migration = migration;
    this.#keeping = options.keeping;
    this.#bandwidth = options.bandwidth;
  }

  /**
   * The guest has so many pages, and runs. A batch of it has a 256th of them, 512 KiB at the least: what is kept is then a
   * 32nd of the guest, or 4 MiB, and its node stays below 1.1 times its guest whatever the guest's size. A guest of 8 MiB
   * may be kept whole.
   */
  guestHas(pages: number): void {
    const part = Math.max(KEPT_PAGES_LEAST, Math.ceil(pages / KEPT_PARTS));
    this.#keptPages = pages <= KEPT_WHOLE ? BATCH_PAGES_MAX : Math.min(BATCH_PAGES_MAX, part);
  }

  get nextSeq(): number {
    return this.#nextSeq;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get hasCredit(): boolean {
    return this.#nextSeq - this.#acknowledged < STREAM_CREDIT_BATCHES;
  }

  /** Everything that was sent is applied on the target. */
  get settled(): boolean {
    return this.#acknowledged === this.#nextSeq;
  }

  /** Memory for a message of so many bytes, until it is acknowledged. */
  room(bytes: number): Uint8Array {
    if (bytes < ROOM_BYTES) return new Uint8Array(bytes);
    const at = this.#spare.findIndex(({ byteLength }) => byteLength >= bytes);
    const [buffer = new ArrayBuffer(Math.ceil(bytes / ROOM_BYTES) * ROOM_BYTES)] =
      at < 0 ? [] : this.#spare.splice(at, 1);
    return new Uint8Array(buffer, 0, bytes);
  }

  /** A batch went out. */
  sent(message: Uint8Array, at: TrueNs): void {
    if (this.#keeping === 'until-acknowledged') this.#kept.push(message);
    this.sentAndGone(message.length, at);
  }

  /** A batch went out of which nothing can be kept: its pages were sent from where they lie. */
  sentAndGone(bytes: number, at: TrueNs): void {
    this.#nextSeq += 1;
    this.#bytes += bytes;
    if (this.#bandwidth === null) return;
    const from = this.#paidUntil > at ? this.#paidUntil : at;
    this.#paidUntil = from + (BigInt(bytes) * NS_PER_S) / BigInt(this.#bandwidth);
  }

  /** Throws 'stream-broken' for a batch that is acknowledged already, or was not sent. */
  acknowledge(seq: number): void {
    const acknowledged = seq + 1;
    if (acknowledged <= this.#acknowledged || acknowledged > this.#nextSeq) {
      throw new SkewbedError(
        'stream-broken',
        `migration ${this.#migration}: batch ${seq} is acknowledged; due are ${this.#acknowledged}..${this.#nextSeq - 1}`,
      );
    }
    for (const { buffer } of this.#kept.splice(0, acknowledged - this.#acknowledged)) {
      if (this.#spare.length < STREAM_CREDIT_BATCHES && isRoom(buffer)) this.#spare.push(buffer);
    }
    this.#acknowledged = acknowledged;
  }

  /** What the target has to be sent again: it has applied every batch before `seq`. Throws where that cannot be. */
  resumeFrom(seq: number): readonly Uint8Array[] {
    if (seq < this.#acknowledged || seq > this.#nextSeq || this.#keeping === 'nothing') {
      throw new SkewbedError(
        'stream-broken',
        `migration ${this.#migration}: the stream cannot go on from batch ${seq}; kept are ${this.#acknowledged}..${this.#nextSeq - 1}`,
      );
    }
    if (seq > this.#acknowledged) this.acknowledge(seq - 1);
    return this.#kept;
  }

  /** The guest stands still: nothing is kept any longer, and no bandwidth holds. */
  lastPass(): void {
    this.#keeping = 'nothing';
    this.#keptPages = BATCH_PAGES_MAX;
    this.#kept = [];
    this.#spare = [];
    this.limit(null);
  }

  /** Another bandwidth, from now on. */
  limit(bandwidth: number | null): void {
    this.#bandwidth = bandwidth;
    this.#paidUntil = 0n;
  }

  /** When the next batch may go; null for now. */
  mayGoAt(now: TrueNs): TrueNs | null {
    return this.#paidUntil > now ? trueNs(this.#paidUntil) : null;
  }

  /** Ten batches a second where there is a limit, so that it is kept evenly; and none that is too large to be kept. */
  get pagesPerBatch(): number {
    if (this.#bandwidth === null) return this.#keptPages;
    return Math.min(this.#keptPages, Math.max(1, Math.floor(this.#bandwidth / (10 * PAGE_SIZE))));
  }
}

const KEPT_PARTS = 256;
/** 512 KiB: below it the messages themselves begin to cost. */
const KEPT_PAGES_LEAST = 128;
const KEPT_WHOLE = 2048;
/** Memory comes in multiples of this, so that batches whose heads differ in length can follow each other. */
const ROOM_BYTES = 64 * 1024;

const isRoom = (buffer: ArrayBufferLike): buffer is ArrayBuffer =>
  buffer instanceof ArrayBuffer && buffer.byteLength >= ROOM_BYTES && buffer.byteLength % ROOM_BYTES === 0;
