/**
 * The stream of one migration as the coordinator sees it: waiting -> open, and while the guest still runs on the source
 * also open -> broken -> open. A broken stream goes on through a new relay, from the batch that the target waits for;
 * one that has not come back in time, or that breaks after the suspend, ends the migration.
 */

import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import type { Transfer } from '@skewbed/proto/control/transfer.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { STREAM_PROGRESS_TIMEOUT_NS, STREAM_RESUME_TIMEOUT_NS } from '@skewbed/proto/limits.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import type { MigrationDesk } from './migration-desk.ts';
import { recordPhase } from './migration-phase.ts';
import { type RelayCounts, StreamRelay } from './stream-relay.ts';

export type Wait = { readonly until: TrueNs; readonly what: string };

export type SessionPlan = {
  readonly migration: string;
  readonly domain: string;
  readonly from: string;
  /** Null: whenever the source says so. */
  readonly suspendAt: TrueNs | null;
  readonly transfer: Transfer;
};

export type SessionHandlers = {
  /** The target's socket is there for the first time. */
  targetThere(): void;
  /** The guest stands still since then. */
  suspended(at: TrueNs): void;
  digest(digest: MessageOf<'digest'>): void;
  /** From now on this is waited for, and nothing else. */
  patience(wait: Wait): void;
  failed(error: SkewbedError): void;
};

type Step = 'waiting' | 'open' | 'broken' | 'closed';

export class StreamSession {
  readonly #plan: SessionPlan;
  readonly #desk: MigrationDesk;
  readonly #handlers: SessionHandlers;
  #relay: StreamRelay;
  #step: Step = 'waiting';
  /** The last that the source told. */
  #told: MessageOf<'progress'> | null = null;
  #lastAt: TrueNs | null = null;
  #isSuspended = false;
  #hasVotes = false;
  /** It broke, and nothing has come since. */
  #silent = false;

  constructor(plan: SessionPlan, desk: MigrationDesk, handlers: SessionHandlers) {
    this.#plan = plan;
    this.#desk = desk;
    this.#handlers = handlers;
    this.#relay = this.#newRelay(0);
  }

  get counts(): RelayCounts {
    if (this.#plan.transfer.via === 'relay' || this.#told === null) return this.#relay.counts;
    const { batches, transferred } = this.#told;
    return { batches, bytes: transferred, acknowledged: batches };
  }

  get hasTarget(): boolean {
    return this.#relay.hasTarget;
  }

  /** The last time that anything came. */
  get lastAt(): TrueNs | null {
    return this.#lastAt;
  }

  /** The target has dialled. `resume`: the batch that it waits for, when it had been here before. */
  attachTarget(channel: Channel, resume: number | null): void {
    if (this.#step === 'waiting' && resume === null && !this.#relay.hasTarget) {
      this.#relay.attachTarget(channel);
      this.#handlers.targetThere();
    } else if (resume !== null && (this.#step === 'broken' || this.#step === 'open') && this.#isResumable()) {
      this.#goOn(channel, resume);
    } else {
      channel.close(CLOSE_CODE.CONFLICT, `migration ${this.#plan.migration} takes no stream now`);
    }
  }

  /** Both ends are prepared: the source may be dialled. */
  open(): void {
    this.#step = 'open';
    this.#dialSource('');
    this.#handlers.patience({ until: this.#patienceUntil(), what: 'no batch came after the suspend' });
  }

  /** A node's control link is gone. False when that ends the migration. */
  nodeLost(error: SkewbedError): boolean {
    if ((this.#step !== 'open' && this.#step !== 'broken') || !this.#isResumable()) return false;
    this.#broke(error);
    return true;
  }

  close(code: number, reason: string): void {
    this.#step = 'closed';
    this.#relay.close(code, reason);
  }

  #goOn(channel: Channel, resume: number): void {
    if (!this.#desk.isConnected(this.#plan.from)) {
      channel.close(CLOSE_CODE.GOING_AWAY, 'the source is away');
      return;
    }
    this.#relay.close(CLOSE_CODE.GOING_AWAY, 'another socket took the place of this one');
    this.#relay = this.#newRelay(resume);
    this.#step = 'open';
    this.#relay.attachTarget(channel);
    this.#dialSource(`&resume=${resume}`);
    this.#record('resumed', `from batch ${resume}`);
  }

  #dialSource(query: string): void {
    const { migration, from } = this.#plan;
    const path = `/v1/streams/${migration}?epoch=${this.#desk.journal.epoch}${query}`;
    this.#relay.attachSource(this.#desk.dialNode(from, path));
  }

  #newRelay(from: number): StreamRelay {
    const { migration, transfer } = this.#plan;
    const bytes = from === 0 ? 0 : this.#relay.counts.bytes;
    const relay: StreamRelay = new StreamRelay(
      migration,
      {
        progress: () => this.#came(),
        digest: (digest) => {
          this.#hasVotes = true;
          this.#handlers.digest(digest);
        },
        told: (message) => this.#arrived(message),
        failed: (error, how) => {
          if (relay !== this.#relay || this.#step === 'closed') return;
          if (how === 'broken' && this.#step !== 'waiting' && this.#isResumable()) this.#broke(error);
          else this.#handlers.failed(error);
        },
      },
      { via: transfer.via, from, bytes },
    );
    return relay;
  }

  #isResumable(): boolean {
    return this.#plan.transfer.precopy.policy !== 'stop-and-copy' && !this.#isSuspended && !this.#hasVotes;
  }

  #broke(error: SkewbedError): void {
    this.#step = 'broken';
    this.#relay.close(CLOSE_CODE.GOING_AWAY, 'the stream broke');
    // However often it breaks: it has to have moved on within the time since it did.
    if (this.#silent) return;
    this.#silent = true;
    this.#record('interrupted', error.message);
    const until = trueNs(this.#desk.clock.now() + STREAM_RESUME_TIMEOUT_NS);
    this.#handlers.patience({ until, what: `the stream did not come back: ${error.message}` });
  }

  #arrived(message: MessageOf<'progress' | 'suspended'>): void {
    const now = this.#desk.clock.now();
    if (message.type === 'progress') {
      const { type: _type, batches: _batches, ...progress } = message;
      this.#told = message;
      this.#desk.record({ at: now, kind: 'migration-progress', ...progress });
    } else {
      const { epoch } = this.#desk.journal;
      if (message.epoch !== epoch) {
        this.#handlers.failed(
          new SkewbedError('stale-epoch', `the source is of epoch ${message.epoch}; this is ${epoch}`),
        );
        return;
      }
      this.#isSuspended = true;
      this.#record('suspended', undefined, message.at);
      this.#handlers.suspended(message.at);
    }
    this.#came();
  }

  #came(): void {
    if (this.#step !== 'open') return;
    this.#silent = false;
    this.#lastAt = this.#desk.clock.now();
    const { batches, acknowledged } = this.#relay.counts;
    const { transfer } = this.#plan;
    const isFirst = batches === 1 && acknowledged === 0;
    if (isFirst && transfer.precopy.policy === 'stop-and-copy' && !this.#isSuspended) this.#record('suspended');
    this.#handlers.patience({
      until: this.#patienceUntil(),
      what: `batch ${acknowledged} of ${batches} was not acknowledged`,
    });
  }

  /** A source may have nothing to send before the instant that was ordered. */
  #patienceUntil(): TrueNs {
    const now = this.#desk.clock.now();
    const { suspendAt } = this.#plan;
    return trueNs((suspendAt !== null && suspendAt > now ? suspendAt : now) + STREAM_PROGRESS_TIMEOUT_NS);
  }

  #record(phase: string, detail?: string, at?: TrueNs): void {
    recordPhase(this.#desk, this.#plan, phase, {
      ...(detail === undefined ? {} : { detail }),
      ...(at === undefined ? {} : { at }),
    });
  }
}
