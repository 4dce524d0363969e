/**
 * The source's end of one migration: waiting -> (precopy ->) sending -> voted -> committed | aborted.
 * In pre-copy the guest runs: a stream that breaks may come back, and goes on from what the target has applied. After the
 * suspend whatever goes wrong makes the source resume its guest by itself, for no commit can be written without its vote,
 * the digest. After that only the coordinator knows the end: the guest stays paused, in doubt, until a commit or an abort
 * comes (facts D.12: the point of no return of xl is step 5).
 */

import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { decode, encode } from '@skewbed/proto/codec.ts';
import type { Transfer } from '@skewbed/proto/control/transfer.ts';
import { codedError, SkewbedError } from '@skewbed/proto/errors.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import { wireText } from '@skewbed/proto/wire-error.ts';
import type { Checksum } from '@skewbed/runtime/ports/checksum.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import type { Timers } from '@skewbed/runtime/ports/timers.ts';
import type { HostDriver } from './host-driver.ts';
import { SourcePump } from './source-pump.ts';
import { type Caller, StreamSockets } from './stream-sockets.ts';
import type { Turns } from './turns.ts';
import type { WorldSource } from './world.ts';

type State =
  /** Until the suspend, or until the stream is there and a pre-copy begins. */
  | { readonly phase: 'waiting' }
  /** 'nothing': the policy wants the guest stopped, and the ordered instant has not come. */
  | { readonly phase: 'precopy'; readonly sending: 'pass' | 'nothing' }
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
  readonly turns: Turns;
  readonly preparedAt: TrueNs;
};

export class SourceMigration {
  readonly side = 'source';
  readonly migration: string;
  readonly domain: string;
  readonly epoch: number;
  readonly #order: SourceName;
  readonly #parts: SourceParts;
  readonly #pump: SourcePump;
  readonly #sockets: StreamSockets;
  #state: State = { phase: 'waiting' };

  constructor(name: SourceName, parts: SourceParts) {
    this.migration = name.migration;
    this.domain = name.domain;
    this.epoch = name.epoch;
    this.#order = name;
    this.#parts = parts;
    this.#sockets = new StreamSockets(name.migration, name.transfer.via, parts, {
      message: (from, bytes) => this.#guarded(() => this.#arrived(from, bytes)),
      drained: () => this.#guarded(() => this.#send()),
      mayResume: () => this.#state.phase === 'precopy',
      lost: (error) => {
        if (this.#state.phase !== 'voted') this.#fail(error);
      },
    });
    this.#pump = new SourcePump(name, parts, this.#sockets, () => this.#guarded(() => this.#send()));
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
      if (resumes && this.#sockets.carries(caller)) this.#pump.resume(resumeFrom ?? 0);
      if (!resumes && this.#sockets.hadEverything && this.#state.phase === 'waiting') this.#startPrecopy();
      this.#send();
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
    this.#guarded(() => this.#send());
  }

  /** The suspend did not work, or will never come. */
  failed(error: SkewbedError): void {
    this.#fail(error);
  }

  /** Another bandwidth, from now on; after the suspend none holds. */
  limit(bandwidth: number | null): void {
    if (this.#state.phase !== 'waiting' && this.#state.phase !== 'precopy') return;
    this.#pump.limit(bandwidth);
    this.#guarded(() => this.#send());
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
    if (this.#pump.startPrecopy() === 'precopy') this.#state = { phase: 'precopy', sending: 'pass' };
    else if (this.#order.suspendAt === null) this.#parts.driver.actNow((at) => this.#suspend(at));
  }

  #suspend(at: TrueNs): void {
    this.#parts.source.suspend(at);
    this.#state = { phase: 'sending' };
    this.#pump.suspended(at);
  }

  #send(): void {
    while (this.#state.phase === 'precopy' || this.#state.phase === 'sending') {
      const sending = this.#state.phase === 'precopy' ? this.#state.sending : 'last-pass';
      switch (this.#pump.run(sending)) {
        case 'waits':
          return;
        case 'converged':
          this.#state = { phase: 'precopy', sending: 'nothing' };
          this.#pump.report('nothing', 'now');
          if (this.#order.suspendAt !== null) return;
          this.#parts.driver.actNow((at) => this.#suspend(at));
          break;
        case 'sent':
          this.#vote();
          return;
      }
    }
  }

  #vote(): void {
    const digest = this.#parts.source.digest();
    this.#pump.report('last-pass', 'now');
    this.#state = { phase: 'voted' };
    this.#sockets.sendControl(
      encode({ type: 'digest', migration: this.migration, epoch: this.epoch, side: 'source', ...digest }),
    );
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
    this.#pump.acknowledge(message.seq);
    this.#send();
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
    this.#pump.close();
    this.#sockets.close(state.phase);
  }

  #hasEnded(): boolean {
    return this.#state.phase === 'committed' || this.#state.phase === 'aborted';
  }
}
