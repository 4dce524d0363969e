/**
 * Carries one migration's stream through the coordinator: batches forward as they came, acknowledgements back. It holds
 * no more than the source's credit: a source that sends beyond it, or a target that acknowledges what it was never sent,
 * breaks the stream. Digests, and what the source says of its progress, end here. Beside a direct stream it carries no
 * batches. A relay whose sockets broke is done; the stream goes on through another one, from the batch that is due.
 */
import { peekBatch } from '@skewbed/proto/bulk-batch.ts';
import { CLOSE_CODE, closedError, isBreak } from '@skewbed/proto/close-codes.ts';
import { decode } from '@skewbed/proto/codec.ts';
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import { errorFromWire, SkewbedError } from '@skewbed/proto/errors.ts';
import { STREAM_CREDIT_BATCHES } from '@skewbed/proto/limits.ts';
import type { Course } from '@skewbed/runtime/ports/bulk.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';

type Digest = MessageOf<'digest'>;
type Progress = MessageOf<'progress'>;
type Suspended = MessageOf<'suspended'>;

export type RelayHandlers = {
  /** A batch went to the target, or an acknowledgement came back. */
  progress(): void;
  digest(digest: Digest): void;
  /** The source tells of its pre-copy. */
  told(message: Progress | Suspended): void;
  /** Once at most; the relay has closed both ends. 'broken': a socket broke, and nobody is to blame. */
  failed(error: SkewbedError, how: 'broken' | 'refused'): void;
};

/** Where the stream is. */
export type RelayStart = {
  readonly via: 'relay' | 'direct';
  /** The batch that is due: 0, or what the target of a broken stream waits for. */
  readonly from: number;
  /** Bytes that other relays of this stream have carried. */
  readonly bytes: number;
};

export type RelayCounts = { readonly batches: number; readonly bytes: number; readonly acknowledged: number };

type Side = 'source' | 'target';
type End = { readonly channel: Channel; voted: boolean };

export class StreamRelay {
  readonly #migration: string;
  readonly #handlers: RelayHandlers;
  readonly #via: RelayStart['via'];
  #source: End | null = null;
  #target: End | null = null;
  #batches: number;
  #bytes: number;
  #acknowledged: number;
  #closed = false;

  constructor(migration: string, handlers: RelayHandlers, start: RelayStart = FROM_THE_BEGINNING) {
    this.#migration = migration;
    this.#handlers = handlers;
    this.#via = start.via;
    this.#batches = start.from;
    this.#acknowledged = start.from;
    this.#bytes = start.bytes;
  }

  get counts(): RelayCounts {
    return { batches: this.#batches, bytes: this.#bytes, acknowledged: this.#acknowledged };
  }

  get hasTarget(): boolean {
    return this.#target !== null;
  }

  attachSource(channel: Channel): void {
    this.#source = this.#attach('source', channel);
  }

  attachTarget(channel: Channel): void {
    this.#target = this.#attach('target', channel);
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#source?.channel.close(code, reason);
    this.#target?.channel.close(code, reason);
  }

  #attach(side: Side, channel: Channel): End {
    const end: End = { channel, voted: false };
    channel.handle({
      begins: (beginning) => this.#courseOf(side, beginning),
      message: (bytes) => this.#arrived(side, end, bytes),
      drained: () => {},
      closed: (code, reason) => {
        // Who has voted has said everything that the stream was for.
        if (end.voted) return;
        this.#fail(closedError(`the ${side}'s stream`, code, reason), isBreak(code) ? 'broken' : 'refused');
      },
    });
    return end;
  }

  /** A batch goes on as it comes: only its name is read here, and the target checks the rest. */
  #courseOf(side: Side, beginning: Uint8Array): Course | null {
    if (this.#closed || side !== 'source' || this.#target === null) return { kind: 'gather' };
    try {
      const fields = peekBatch(beginning);
      if (fields === 'incomplete') return null;
      if (fields === 'other') return { kind: 'gather' };
      this.#expectRelayed('batch');
      if (fields.get('migration') !== this.#migration) throw this.#broken('a batch of another migration');
      this.#count(fields.get('seq'));
    } catch (error) {
      if (!(error instanceof SkewbedError)) throw error;
      this.#fail(error, 'refused');
      return { kind: 'gather' };
    }
    const ended = (bytes: number): void => {
      this.#bytes += bytes;
      this.#handlers.progress();
    };
    return { kind: 'forward', to: this.#target.channel, ended };
  }

  #arrived(side: Side, end: End, bytes: Uint8Array): void {
    if (this.#closed) return;
    try {
      const message = decode(bytes, 'stream');
      if (!('migration' in message) || message.migration !== this.#migration) {
        throw this.#broken(`a message of another migration on this stream`);
      }
      switch (message.type) {
        case 'batch':
          this.#expect(side, 'source', message.type);
          this.#expectRelayed(message.type);
          this.#forward(message.seq, bytes);
          return;
        case 'ack':
          this.#expect(side, 'target', message.type);
          this.#expectRelayed(message.type);
          this.#giveBack(message.seq, bytes);
          return;
        case 'progress':
        case 'suspended':
          this.#expect(side, 'source', message.type);
          this.#handlers.told(message);
          return;
        case 'digest':
          this.#expect(side, message.side, message.type);
          end.voted = true;
          this.#handlers.digest(message);
          return;
        case 'stream-failed':
          this.#expect(side, message.side, message.type);
          throw errorFromWire(message.code, message.message);
        default:
          message satisfies never;
      }
    } catch (error) {
      if (!(error instanceof SkewbedError)) throw error;
      this.#fail(error, 'refused');
    }
  }

  #forward(seq: number, bytes: Uint8Array): void {
    this.#count(seq);
    this.#bytes += bytes.length;
    this.#target?.channel.send(bytes);
    this.#handlers.progress();
  }

  /** Whether it is this batch's turn, and within the credit. */
  #count(seq: unknown): void {
    if (seq !== this.#batches) throw this.#broken(`batch ${seq} came, batch ${this.#batches} is due`);
    if (this.#batches - this.#acknowledged >= STREAM_CREDIT_BATCHES) {
      throw this.#broken(
        `batch ${seq} came while ${STREAM_CREDIT_BATCHES} are not acknowledged: that is beyond the credit`,
      );
    }
    this.#batches += 1;
  }

  #giveBack(seq: number, bytes: Uint8Array): void {
    if (seq < this.#acknowledged || seq >= this.#batches) {
      throw this.#broken(`batch ${seq} was acknowledged; due are ${this.#acknowledged}..${this.#batches - 1}`);
    }
    this.#acknowledged = seq + 1;
    this.#source?.channel.send(bytes);
    this.#handlers.progress();
  }

  #expect(actual: Side, due: Side, type: string): void {
    if (actual !== due) throw new SkewbedError('wrong-role', `the ${actual} sent the ${due}'s '${type}'`);
  }

  #expectRelayed(type: string): void {
    if (this.#via === 'direct') throw this.#broken(`a '${type}' came here, and the stream is direct`);
  }

  #broken(what: string): SkewbedError {
    return new SkewbedError('stream-broken', `migration ${this.#migration}: ${what}`);
  }

  #fail(error: SkewbedError, how: 'broken' | 'refused'): void {
    if (this.#closed) return;
    // Who hears GOING_AWAY may dial again.
    this.close(how === 'broken' ? CLOSE_CODE.GOING_AWAY : CLOSE_CODE.BAD_REQUEST, error.code);
    this.#handlers.failed(error, how);
  }
}

const FROM_THE_BEGINNING: RelayStart = { via: 'relay', from: 0, bytes: 0 };
