/**
 * The source's end of one migration: waiting -> sending -> voted -> committed | aborted.
 * Its digest is its vote. Before it, whatever goes wrong (a link, a checksum, the coordinator) the source resumes its
 * guest by itself, for no commit can be written without that vote. After it only the coordinator knows the end: the guest
 * stays paused, in doubt, until a commit or an abort comes (facts D.12: the point of no return of xl is step 5).
 */

import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { decode, encode } from '@skewbed/proto/codec.ts';
import { codedError, SkewbedError } from '@skewbed/proto/errors.ts';
import { BATCH_PAGES_MAX, BATCH_RECORDS_MAX, STREAM_CREDIT_BATCHES } from '@skewbed/proto/limits.ts';
import type { StreamRecord } from '@skewbed/proto/records.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import { wireText } from '@skewbed/proto/wire-error.ts';
import { encodeBatch } from '@skewbed/proto/wire-records.ts';
import type { Checksum } from '@skewbed/runtime/ports/checksum.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import type { HostDriver } from './host-driver.ts';
import type { WorldSource } from './world.ts';

type State =
  /** Until the instant of the suspend. */
  | { readonly phase: 'waiting' }
  | { readonly phase: 'sending'; nextSeq: number; acknowledged: number }
  | { readonly phase: 'voted' }
  | { readonly phase: 'committed'; readonly at: TrueNs }
  | { readonly phase: 'aborted'; readonly error: SkewbedError };

export class SourceMigration {
  readonly side = 'source';
  readonly migration: string;
  readonly domain: string;
  /** Of the coordinator that has begun it. */
  readonly epoch: number;
  readonly #driver: HostDriver;
  readonly #source: WorldSource;
  readonly #checksum: Checksum;
  #state: State = { phase: 'waiting' };
  #channel: Channel | null = null;

  constructor(
    name: { readonly migration: string; readonly domain: string; readonly epoch: number },
    parts: { readonly driver: HostDriver; readonly source: WorldSource; readonly checksum: Checksum },
  ) {
    this.migration = name.migration;
    this.domain = name.domain;
    this.epoch = name.epoch;
    this.#driver = parts.driver;
    this.#source = parts.source;
    this.#checksum = parts.checksum;
  }

  get phase(): State['phase'] {
    return this.#state.phase;
  }

  /** The coordinator has dialled this migration's stream socket. */
  attach(channel: Channel): void {
    if (this.#channel !== null || this.#hasEnded()) {
      channel.close(CLOSE_CODE.CONFLICT, `migration ${this.migration} has its stream already, or has ended`);
      return;
    }
    this.#channel = channel;
    channel.handle({
      message: (bytes) => this.#guarded(() => this.#arrived(bytes)),
      drained: () => this.#guarded(() => this.#pump()),
      closed: (code, reason) => this.#streamClosed(code, reason),
    });
    this.#guarded(() => this.#pump());
  }

  /** The guest was stopped, at the ordered instant. */
  suspended(): void {
    if (this.#state.phase !== 'waiting') return;
    this.#state = { phase: 'sending', nextSeq: 0, acknowledged: 0 };
    this.#guarded(() => this.#pump());
  }

  /** The suspend did not work, or will never come. */
  failed(error: SkewbedError): void {
    this.#fail(error);
  }

  /** The control link to the coordinator is gone. True when the end of this migration is now in doubt. */
  coordinatorLost(): boolean {
    if (this.#state.phase === 'voted') return true;
    this.#fail(
      new SkewbedError(
        'link-lost',
        `migration ${this.migration}: the coordinator is gone and has no vote of this side`,
      ),
    );
    return false;
  }

  /** Destroys this copy; the instant at which that was done. */
  commit(): TrueNs {
    switch (this.#state.phase) {
      case 'committed':
        return this.#state.at;
      case 'voted': {
        const at = this.#driver.actNow((now) => {
          this.#source.commit(now);
          return now;
        });
        this.#end({ phase: 'committed', at });
        return at;
      }
      case 'waiting':
      case 'sending':
      case 'aborted':
        throw new SkewbedError(
          'illegal-state',
          `migration ${this.migration}: a commit came while the source is ${this.#state.phase}`,
        );
      default:
        return this.#state satisfies never;
    }
  }

  abort(why: string): void {
    switch (this.#state.phase) {
      case 'aborted':
        return;
      case 'waiting':
      case 'sending':
      case 'voted':
        this.#giveUp(new SkewbedError('refused', why));
        return;
      case 'committed':
        throw new SkewbedError('illegal-state', `migration ${this.migration}: an abort came after its commit`);
      default:
        this.#state satisfies never;
    }
  }

  #pump(): void {
    const channel = this.#channel;
    const state = this.#state;
    if (channel === null || state.phase !== 'sending') return;
    while (state.nextSeq - state.acknowledged < STREAM_CREDIT_BATCHES) {
      const records = this.#nextBatch();
      if (records.length === 0) {
        this.#vote(channel);
        return;
      }
      channel.send(encodeBatch({ migration: this.migration, seq: state.nextSeq }, records, this.#checksum.of));
      state.nextSeq += 1;
    }
  }

  /** Records until a message is full; the source hands them out in what portions it likes. Empty after END. */
  #nextBatch(): StreamRecord[] {
    const batch: StreamRecord[] = [];
    for (let pages = 0; pages < BATCH_PAGES_MAX && batch.length < BATCH_RECORDS_MAX; ) {
      const records = this.#source.take(BATCH_PAGES_MAX - pages);
      if (records.length === 0) break;
      for (const record of records) {
        batch.push(record);
        if (record.type === 'PAGE_DATA') pages += record.entries.length;
      }
    }
    return batch;
  }

  #vote(channel: Channel): void {
    const digest = this.#source.digest();
    this.#state = { phase: 'voted' };
    channel.send(encode({ type: 'digest', migration: this.migration, epoch: this.epoch, side: 'source', ...digest }));
  }

  #arrived(bytes: Uint8Array): void {
    const message = decode(bytes, 'stream');
    if (message.type !== 'ack')
      throw new SkewbedError('wrong-role', `'${message.type}' is nothing that a source is sent`);
    if (message.migration !== this.migration) {
      throw new SkewbedError(
        'stream-broken',
        `migration ${this.migration}: an acknowledgement of ${message.migration}`,
      );
    }
    const state = this.#state;
    if (state.phase !== 'sending') return;
    const acknowledged = message.seq + 1;
    if (acknowledged <= state.acknowledged || acknowledged > state.nextSeq) {
      throw new SkewbedError(
        'stream-broken',
        `migration ${this.migration}: batch ${message.seq} is acknowledged; due are ${state.acknowledged}..${state.nextSeq - 1}`,
      );
    }
    state.acknowledged = acknowledged;
    this.#pump();
  }

  #streamClosed(code: number, reason: string): void {
    this.#channel = null;
    if (this.#state.phase === 'voted') return;
    this.#fail(new SkewbedError('link-lost', `migration ${this.migration}: the stream closed with ${code} ${reason}`));
  }

  /** Whatever a peer or the model does wrong ends this migration, not the node. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      this.#fail(codedError(thrown));
    }
  }

  /** Tells the coordinator why, and resumes. Once voted, the coordinator alone may end it. */
  #fail(error: SkewbedError): void {
    if (this.#hasEnded() || this.#state.phase === 'voted') return;
    this.#channel?.send(
      encode({
        type: 'stream-failed',
        migration: this.migration,
        epoch: this.epoch,
        side: 'source',
        code: error.code,
        message: wireText(error.message),
      }),
    );
    this.#giveUp(error);
  }

  #giveUp(error: SkewbedError): void {
    this.#end({ phase: 'aborted', error });
    try {
      this.#driver.actNow((at) => this.#source.abort(at, error.message));
    } catch (thrown) {
      // The host itself is broken: that is told in the history, and the migration has ended all the same.
      this.#driver.reportFailure(codedError(thrown));
    }
  }

  #end(state: State): void {
    this.#state = state;
    this.#channel?.close(CLOSE_CODE.NORMAL, state.phase);
    this.#channel = null;
  }

  #hasEnded(): boolean {
    return this.#state.phase === 'committed' || this.#state.phase === 'aborted';
  }
}
