/**
 * The source's end of one migration: waiting -> (precopy ->) sending -> voted -> committed | aborted.
 * In pre-copy the guest runs: a stream that breaks may come back, and goes on from what the target has applied. After the
 * suspend whatever goes wrong makes the source resume its guest by itself, for no commit can be written without its vote,
 * the digest. After that only the coordinator knows the end: the guest stays paused, in doubt, until a commit or an abort
 * comes (facts D.12: the point of no return of xl is step 5).
 */

import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { decode, encode } from '@skewbed/proto/codec.ts';
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import type { Transfer } from '@skewbed/proto/control/transfer.ts';
import { codedError, SkewbedError } from '@skewbed/proto/errors.ts';
import { BATCH_RECORDS_MAX } from '@skewbed/proto/limits.ts';
import type { StreamRecord } from '@skewbed/proto/records.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import { wireText } from '@skewbed/proto/wire-error.ts';
import { encodeBatch } from '@skewbed/proto/wire-records.ts';
import type { Checksum } from '@skewbed/runtime/ports/checksum.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import type { Timer, Timers } from '@skewbed/runtime/ports/timers.ts';
import { BatchFlow } from './batch-flow.ts';
import type { HostDriver } from './host-driver.ts';
import { SourceProgress } from './source-progress.ts';
import { type Caller, StreamSockets } from './stream-sockets.ts';
import type { WorldSource } from './world.ts';

type State =
  /** Until the suspend, or until the stream is there and a pre-copy begins. */
  | { readonly phase: 'waiting' }
  /** 'stopped': the policy wants the guest stopped, and the ordered instant has not come. */
  | { readonly phase: 'precopy'; readonly step: 'pass' | 'stopped' }
  | { readonly phase: 'sending' }
  | { readonly phase: 'voted' }
  | { readonly phase: 'committed'; readonly at: TrueNs }
  | { readonly phase: 'aborted'; readonly error: SkewbedError };

export type SourceName = {
  readonly migration: string;
  readonly domain: string;
  /** Of the coordinator that has begun it. */
  readonly epoch: number;
  readonly transfer: Transfer;
  /** Null: as soon as the pre-copy has come so far. */
  readonly suspendAt: TrueNs | null;
};

export type SourceParts = {
  readonly driver: HostDriver;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly source: WorldSource;
  readonly checksum: Checksum;
  readonly preparedAt: TrueNs;
};

export class SourceMigration {
  readonly side = 'source';
  readonly migration: string;
  readonly domain: string;
  readonly epoch: number;
  readonly #order: SourceName;
  readonly #parts: SourceParts;
  readonly #flow: BatchFlow;
  readonly #progress: SourceProgress;
  readonly #sockets: StreamSockets;
  #state: State = { phase: 'waiting' };
  /** Bytes of the passes that are over. */
  #passBegan = 0;
  #pace: Timer | null = null;

  constructor(name: SourceName, parts: SourceParts) {
    this.migration = name.migration;
    this.domain = name.domain;
    this.epoch = name.epoch;
    this.#order = name;
    this.#parts = parts;
    const { precopy, bandwidth, via } = name.transfer;
    const keeping = precopy.policy === 'stop-and-copy' ? 'nothing' : 'until-acknowledged';
    this.#flow = new BatchFlow(name.migration, { keeping, bandwidth });
    this.#progress = new SourceProgress(name.migration, parts.preparedAt);
    this.#sockets = new StreamSockets(name.migration, via, parts, {
      message: (from, bytes) => this.#guarded(() => this.#arrived(from, bytes)),
      drained: () => this.#guarded(() => this.#pump()),
      mayResume: () => this.#state.phase === 'precopy',
      lost: (error) => {
        if (this.#state.phase !== 'voted') this.#fail(error);
      },
    });
  }

  get phase(): State['phase'] {
    return this.#state.phase;
  }

  /** Somebody has dialled this migration's stream socket. `resumeFrom`: the batch that the target is waiting for. */
  attach(channel: Channel, caller: Caller, resumeFrom: number | null): void {
    const resumes = this.#sockets.hadEverything;
    if (this.#hasEnded() || this.#state.phase === 'voted' || (resumes && this.#state.phase !== 'precopy')) {
      channel.close(CLOSE_CODE.CONFLICT, `migration ${this.migration} has its stream already, or has ended`);
      return;
    }
    if (!this.#sockets.attach(channel, caller)) return;
    this.#guarded(() => {
      if (resumes && this.#sockets.carries(caller)) this.#resume(resumeFrom ?? 0);
      if (!resumes && this.#sockets.hadEverything && this.#state.phase === 'waiting') this.#startPrecopy();
      this.#pump();
    });
  }

  /** The ordered instant has come: the guest stops now. Without a stream it goes on, for nothing would come of it. */
  stop(at: TrueNs): void {
    const { phase } = this.#state;
    if (phase !== 'waiting' && phase !== 'precopy') return;
    try {
      if (phase === 'precopy' && !this.#sockets.ready)
        throw new SkewbedError(
          'link-lost',
          `migration ${this.migration}: the stream was away when the guest was to stop`,
        );
      this.#suspend(at);
    } catch (thrown) {
      this.failed(codedError(thrown));
      return;
    }
    this.#guarded(() => this.#pump());
  }

  /** The suspend did not work, or will never come. */
  failed(error: SkewbedError): void {
    this.#fail(error);
  }

  /** Another bandwidth, from now on; after the suspend none holds. */
  limit(bandwidth: number | null): void {
    if (this.#state.phase !== 'waiting' && this.#state.phase !== 'precopy') return;
    this.#flow.limit(bandwidth);
    this.#guarded(() => this.#pump());
  }

  /** The control link to the coordinator is gone. True when the end of this migration is now in doubt. */
  coordinatorLost(): boolean {
    if (this.#state.phase === 'voted') return true;
    const error = new SkewbedError(
      'link-lost',
      `migration ${this.migration}: the coordinator is gone and has no vote of this side`,
    );
    // In pre-copy it may come back, with the stream.
    if (this.#state.phase === 'precopy') this.#sockets.interrupt(error);
    else this.#fail(error);
    return false;
  }

  /** Destroys this copy; the instant at which that was done. */
  commit(): TrueNs {
    switch (this.#state.phase) {
      case 'committed':
        return this.#state.at;
      case 'voted': {
        const at = this.#parts.driver.actNow((now) => {
          this.#parts.source.commit(now);
          return now;
        });
        this.#end({ phase: 'committed', at });
        return at;
      }
      case 'waiting':
      case 'precopy':
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
      case 'precopy':
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

  #startPrecopy(): void {
    const { driver, source } = this.#parts;
    const { transfer, suspendAt } = this.#order;
    if (transfer.precopy.policy === 'stop-and-copy' && suspendAt !== null) return;
    const started = driver.actNow((at) => {
      this.#progress.started(at);
      return source.startPrecopy(at, transfer.precopy);
    });
    if (started === 'precopy') this.#state = { phase: 'precopy', step: 'pass' };
    else if (suspendAt === null) driver.actNow((at) => this.#suspend(at));
  }

  #resume(from: number): void {
    for (const message of this.#flow.resumeFrom(from)) this.#sockets.sendData(message);
  }

  #suspend(at: TrueNs): void {
    this.#parts.source.suspend(at);
    this.#state = { phase: 'sending' };
    this.#flow.lastPass();
    this.#pace?.cancel();
    if (this.#parts.source.progress === null && this.#order.suspendAt !== null) return;
    this.#sockets.sendControl(encode({ type: 'suspended', migration: this.migration, epoch: this.epoch, at }));
  }

  #pump(): void {
    if (!this.#sockets.ready) return;
    while (this.#state.phase === 'precopy' || this.#state.phase === 'sending') {
      this.#report('when-due');
      if (!this.#flow.hasCredit || this.#isTooFast()) return;
      const records = this.#nextBatch();
      if (records.length > 0) {
        const message = encodeBatch(
          { migration: this.migration, seq: this.#flow.nextSeq },
          records,
          this.#parts.checksum.of,
        );
        this.#sockets.sendData(message);
        this.#flow.sent(message, this.#parts.clock.now());
      } else if (this.#state.phase === 'sending') this.#vote();
      else if (!this.#endPass()) return;
    }
  }

  /** True when there is more to send. */
  #endPass(): boolean {
    if (this.#state.phase !== 'precopy' || this.#state.step === 'stopped' || !this.#flow.settled) return false;
    const { driver, source } = this.#parts;
    const { bytes } = this.#flow;
    const next = driver.actNow((at) => source.endPass(at, bytes - this.#passBegan));
    this.#passBegan = bytes;
    if (next === 'pass') return true;
    this.#state = { phase: 'precopy', step: 'stopped' };
    this.#report('now');
    if (this.#order.suspendAt !== null) return false;
    driver.actNow((at) => this.#suspend(at));
    return true;
  }

  #isTooFast(): boolean {
    const { clock, timers } = this.#parts;
    const due = this.#flow.mayGoAt(clock.now());
    if (due === null) return false;
    this.#pace?.cancel();
    this.#pace = timers.at(due, () => this.#guarded(() => this.#pump()));
    return true;
  }

  /** Records until a message is full; the source hands them out in what portions it likes. Empty after END. */
  #nextBatch(): StreamRecord[] {
    const batch: StreamRecord[] = [];
    const most = this.#flow.pagesPerBatch;
    for (let pages = 0; pages < most && batch.length < BATCH_RECORDS_MAX; ) {
      const records = this.#parts.source.take(most - pages);
      if (records.length === 0) break;
      for (const record of records) {
        batch.push(record);
        if (record.type === 'PAGE_DATA') pages += record.entries.length;
      }
    }
    return batch;
  }

  #vote(): void {
    const digest = this.#parts.source.digest();
    this.#report('now');
    this.#state = { phase: 'voted' };
    this.#sockets.sendControl(
      encode({ type: 'digest', migration: this.migration, epoch: this.epoch, side: 'source', ...digest }),
    );
  }

  #report(when: 'now' | 'when-due'): void {
    const live = this.#parts.source.progress;
    if (live === null) return;
    const at = this.#parts.clock.now();
    if (when === 'when-due' && !this.#progress.isDue(at)) return;
    const { bytes, nextSeq: batches } = this.#flow;
    this.#sockets.sendControl(encode(this.#progress.message({ at, status: this.#status(), live, bytes, batches })));
  }

  #status(): MessageOf<'progress'>['status'] {
    if (this.#state.phase !== 'precopy') return 'device';
    if (this.#state.step === 'stopped') return 'pre-switchover';
    return this.#flow.nextSeq === 0 ? 'setup' : 'active';
  }

  #arrived(from: Caller, bytes: Uint8Array): void {
    const message = decode(bytes, 'stream');
    if (message.type !== 'ack' || !this.#sockets.carries(from))
      throw new SkewbedError('wrong-role', `'${message.type}' is nothing that a source is sent by the ${from}`);
    if (message.migration !== this.migration) {
      throw new SkewbedError(
        'stream-broken',
        `migration ${this.migration}: an acknowledgement of ${message.migration}`,
      );
    }
    if (this.#state.phase !== 'sending' && this.#state.phase !== 'precopy') return;
    this.#flow.acknowledge(message.seq);
    this.#pump();
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
    this.#sockets.sendControl(
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
      this.#parts.driver.actNow((at) => this.#parts.source.abort(at, error.message));
    } catch (thrown) {
      // The host itself is broken: that is told in the history, and the migration has ended all the same.
      this.#parts.driver.reportFailure(codedError(thrown));
    }
  }

  #end(state: State): void {
    this.#state = state;
    this.#pace?.cancel();
    this.#sockets.close(state.phase);
  }

  #hasEnded(): boolean {
    return this.#state.phase === 'committed' || this.#state.phase === 'aborted';
  }
}
