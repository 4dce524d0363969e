/**
 * The target's end of one migration: receiving -> voted -> running | aborted.
 * A batch is acknowledged when its records are applied. The digest after END is its vote: before it the target may drop
 * its half-built copy by itself, after it only the coordinator knows the end and the domain stays paused, in doubt.
 */

import type { CommitOrder } from '@skewbed/model/migration/hand-over.ts';
import { decode, encode } from '@skewbed/proto/codec.ts';
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import { codedError, SkewbedError } from '@skewbed/proto/errors.ts';
import type { StreamRecord } from '@skewbed/proto/records.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import { wireText } from '@skewbed/proto/wire-error.ts';
import { openBatch } from '@skewbed/proto/wire-records.ts';
import type { Course } from '@skewbed/runtime/ports/bulk.ts';
import type { Checksum } from '@skewbed/runtime/ports/checksum.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import type { Timers } from '@skewbed/runtime/ports/timers.ts';
import { DialledSocket } from './dialled-socket.ts';
import type { HostDriver } from './host-driver.ts';
import { courseOfPages, entriesAt } from './page-batches.ts';
import type { WorldTarget } from './world.ts';

type State =
  | { readonly phase: 'receiving'; dueSeq: number }
  | { readonly phase: 'voted' }
  | { readonly phase: 'running'; readonly runAt: TrueNs }
  | { readonly phase: 'aborted'; readonly error: SkewbedError };

export type TargetName = {
  readonly migration: string;
  readonly domain: string;
  /** Of the coordinator that has begun it. */
  readonly epoch: number;
  readonly breaks: 'are-final' | 'may-be-mended';
};

export type TargetParts = {
  readonly driver: HostDriver;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly target: WorldTarget;
  readonly checksum: Checksum;
  /** Dials this migration's stream socket at the coordinator. */
  readonly dial: (resume: string) => Channel;
  /** Dials that of the source; null where the coordinator relays. */
  readonly dialSource: ((resume: string) => Channel) | null;
};

export class TargetMigration {
  readonly side = 'target';
  readonly migration: string;
  readonly domain: string;
  readonly epoch: number;
  readonly #breaks: TargetName['breaks'];
  readonly #driver: HostDriver;
  readonly #target: WorldTarget;
  readonly #checksum: Checksum;
  /** To the coordinator. */
  readonly #control: DialledSocket;
  /** On which the batches come: the same, or one of the source's. */
  readonly #data: DialledSocket;
  #state: State = { phase: 'receiving', dueSeq: 0 };

  constructor(name: TargetName, parts: TargetParts) {
    this.migration = name.migration;
    this.domain = name.domain;
    this.epoch = name.epoch;
    this.#breaks = name.breaks;
    this.#driver = parts.driver;
    this.#target = parts.target;
    this.#checksum = parts.checksum;
    const { dialSource } = parts;
    this.#control = this.#dialled(parts, parts.dial, dialSource === null ? 'batches' : 'nothing');
    this.#data = dialSource === null ? this.#control : this.#dialled(parts, dialSource, 'batches');
  }

  get phase(): State['phase'] {
    return this.#state.phase;
  }

  /** The control link to the coordinator is gone. True when the end of this migration is now in doubt. */
  coordinatorLost(): boolean {
    if (this.#state.phase === 'voted') return true;
    // Whatever becomes of the coordinator shows at the stream socket.
    if (this.#resumeFrom() !== null) return false;
    this.#fail(
      new SkewbedError(
        'link-lost',
        `migration ${this.migration}: the coordinator is gone and has no vote of this side`,
      ),
    );
    return false;
  }

  /** The guest runs here from `order.runAt` on, or from now when that is past. Returns that instant. */
  commit(order: CommitOrder): TrueNs {
    switch (this.#state.phase) {
      case 'running':
        return this.#state.runAt;
      case 'voted': {
        const runAt = this.#driver.actNow((at) => {
          const instant = order.runAt < at ? at : order.runAt;
          this.#target.commit(at, { ...order, runAt: instant });
          return instant;
        });
        this.#end({ phase: 'running', runAt });
        return runAt;
      }
      case 'receiving':
      case 'aborted':
        throw new SkewbedError(
          'illegal-state',
          `migration ${this.migration}: a commit came while the target is ${this.#state.phase}`,
        );
      default:
        return this.#state satisfies never;
    }
  }

  abort(why: string): void {
    switch (this.#state.phase) {
      case 'aborted':
        return;
      case 'receiving':
      case 'voted':
        this.#giveUp(new SkewbedError('refused', why));
        return;
      case 'running':
        throw new SkewbedError('illegal-state', `migration ${this.migration}: an abort came after its commit`);
      default:
        this.#state satisfies never;
    }
  }

  #arrived(bytes: Uint8Array): void {
    const message = decode(bytes, 'stream');
    if (message.type !== 'batch')
      throw new SkewbedError('wrong-role', `'${message.type}' is nothing that a target is sent`);
    const state = this.#state;
    if (state.phase !== 'receiving')
      throw new SkewbedError('stream-broken', `migration ${this.migration}: batch ${message.seq} after END`);
    this.#expect(message, state.dueSeq);
    this.#apply(message.seq, openBatch(message, bytes, this.#checksum.of));
  }

  #apply(seq: number, records: readonly StreamRecord[]): void {
    if (this.#state.phase !== 'receiving') return;
    const last = this.#driver.actNow((at) => {
      for (const record of records) this.#target.apply(at, record);
      return records.at(-1)?.type;
    });
    this.#state.dueSeq += 1;
    this.#data.send(encode({ type: 'ack', migration: this.migration, seq }));
    if (last === 'END') this.#vote();
  }

  /** Pages of this migration land where they shall lie, if the world has places for them. */
  #courseOf(beginning: Uint8Array): Course | null {
    const { places } = this.#target;
    if (places === undefined || this.#state.phase !== 'receiving') return { kind: 'gather' };
    const { dueSeq } = this.#state;
    return courseOfPages(beginning, {
      checksum: this.#checksum,
      place: (batch, runs) => {
        this.#expect(batch, dueSeq);
        return this.#target.places?.(runs) ?? null;
      },
      placed: (batch, runs, into) => this.#apply(batch.seq, [{ type: 'PAGE_DATA', entries: entriesAt(runs, into) }]),
      failed: (thrown) => this.#fail(codedError(thrown)),
    });
  }

  #expect(batch: MessageOf<'batch'>, dueSeq: number): void {
    if (batch.migration === this.migration && batch.seq === dueSeq) return;
    throw new SkewbedError(
      'stream-broken',
      `migration ${this.migration}: batch ${batch.seq} of ${batch.migration} came, batch ${dueSeq} is due`,
    );
  }

  #vote(): void {
    const digest = this.#driver.actNow((at) => this.#target.finish(at));
    this.#state = { phase: 'voted' };
    this.#send({ type: 'digest', migration: this.migration, epoch: this.epoch, side: 'target', ...digest });
  }

  #dialled(parts: TargetParts, dial: TargetParts['dial'], takes: 'batches' | 'nothing'): DialledSocket {
    const { clock, timers } = parts;
    return new DialledSocket(
      this.migration,
      { clock, timers, dial },
      {
        begins: (beginning) => (takes === 'batches' ? this.#courseOf(beginning) : { kind: 'gather' }),
        message: (bytes) =>
          this.#guarded(() => {
            if (takes === 'batches') this.#arrived(bytes);
            else throw new SkewbedError('wrong-role', 'a coordinator sends nothing beside a direct stream');
          }),
        resumeFrom: () => this.#resumeFrom(),
        lost: (error) => {
          if (this.#state.phase !== 'voted') this.#fail(error);
        },
      },
    );
  }

  #resumeFrom(): number | null {
    return this.#breaks === 'may-be-mended' && this.#state.phase === 'receiving' ? this.#state.dueSeq : null;
  }

  /** Whatever a peer or the model does wrong ends this migration, not the node. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      this.#fail(codedError(thrown));
    }
  }

  /** Tells the coordinator why, and drops the copy. Once voted, the coordinator alone may end it. */
  #fail(error: SkewbedError): void {
    if (this.#hasEnded() || this.#state.phase === 'voted') return;
    const { code, message } = error;
    this.#send({
      type: 'stream-failed',
      migration: this.migration,
      epoch: this.epoch,
      side: 'target',
      code,
      message: wireText(message),
    });
    this.#giveUp(error);
  }

  #giveUp(error: SkewbedError): void {
    this.#end({ phase: 'aborted', error });
    try {
      this.#driver.actNow((at) => this.#target.abort(at, error.message));
    } catch (thrown) {
      // The host itself is broken: that is told in the history, and the migration has ended all the same.
      this.#driver.reportFailure(codedError(thrown));
    }
  }

  #end(state: State): void {
    this.#state = state;
    this.#control.close(state.phase);
    this.#data.close(state.phase);
  }

  #send(message: MessageOf<'digest' | 'stream-failed'>): void {
    this.#control.send(encode(message));
  }

  #hasEnded(): boolean {
    return this.#state.phase === 'running' || this.#state.phase === 'aborted';
  }
}
