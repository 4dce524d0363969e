/**
 * The first half of a migration as the coordinator sees it: preparing -> streaming -> deciding -> decided, and from
 * preparing or streaming also -> aborting -> aborted. The decision is the durable journal line: no commit order is given
 * before it, and no abort after it was begun (design, section 7; facts D.12, step 5). The other half is hand-over.ts.
 */

import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import type { CommandOf, Result, ResultOf } from '@skewbed/proto/control/commands.ts';
import { STOP_AND_COPY } from '@skewbed/proto/control/transfer.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { CommittedLine } from '@skewbed/proto/journal-file.ts';
import { DIGEST_TIMEOUT_NS, STREAM_OPEN_TIMEOUT_NS } from '@skewbed/proto/limits.ts';
import { type DurationNs, type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import { orderAborts } from './abort-orders.ts';
import { recordDowntime } from './downtime.ts';
import { HandOver, type MigrationPlan } from './hand-over.ts';
import type { MigrationDesk } from './migration-desk.ts';
import { recordPhase } from './migration-phase.ts';
import { Patience } from './patience.ts';
import { askToPrepare } from './preparation.ts';
import type { RelayCounts } from './stream-relay.ts';
import { StreamSession } from './stream-session.ts';
import { type Digest, Votes } from './votes.ts';

export type MigrateCommand = CommandOf<'migrate'>;
export type MigrateResult = ResultOf<'migrate'>;
export type MigrationPhase = Exclude<State['phase'], 'decided'> | HandOver['phase'];

type Preparing = { readonly phase: 'preparing'; step: 'orders' | 'streams' };
type Streaming = { readonly phase: 'streaming'; readonly votes: Votes };
type State =
  | Preparing
  | Streaming
  | { readonly phase: 'deciding' }
  | { readonly phase: 'decided'; readonly handOver: HandOver }
  | { readonly phase: 'aborting'; readonly error: SkewbedError }
  | { readonly phase: 'aborted'; readonly error: SkewbedError };

/** How a migration ends for whoever asked for it. */
export type Ended = (outcome: MigrateResult | SkewbedError) => void;

export class Migration {
  readonly #desk: MigrationDesk;
  readonly #stream: StreamSession;
  #plan: MigrationPlan;
  #state: State;
  #ended: Ended | null;
  readonly #patience: Patience;
  #digest: Digest | null = null;
  #left = false;
  #comparedAt: TrueNs;

  private constructor(
    plan: MigrationPlan,
    desk: MigrationDesk,
    state: State,
    order: { readonly command: MigrateCommand; readonly ended: Ended } | null,
  ) {
    this.#plan = plan;
    this.#desk = desk;
    this.#patience = new Patience(desk, (error) => this.abort(error));
    this.#state = state;
    this.#ended = order?.ended ?? null;
    this.#comparedAt = plan.suspendAt;
    const { suspendAt = plan.suspendAt, runAt = plan.runAt, transfer = STOP_AND_COPY } = order?.command ?? {};
    this.#stream = new StreamSession({ ...plan, suspendAt, transfer }, desk, {
      targetThere: () => this.#openSource(),
      suspended: (at) => {
        this.#plan = { ...this.#plan, suspendAt: at, runAt: runAt ?? at };
      },
      digest: (digest) => this.#voted(digest),
      patience: (wait) => {
        if (this.#state.phase === 'streaming') this.#patience.waitFor(wait);
      },
      failed: (error) => this.abort(error),
    });
  }

  /** Asks both nodes. `checksum` is one that both can compute. */
  static begin(command: MigrateCommand, checksum: string, desk: MigrationDesk, ended: Ended): Migration {
    const { migration, domain, from, to } = command;
    // Until the source says when it stopped its guest, for who has ordered no instant.
    const suspendAt = command.suspendAt ?? desk.clock.now();
    const runAt = command.runAt ?? suspendAt;
    const begun = new Migration(
      { migration, domain, from, to, suspendAt, runAt },
      desk,
      { phase: 'preparing', step: 'orders' },
      { command, ended },
    );
    desk.journal.write({ line: 'begun', migration, at: desk.clock.now(), domain, from, to });
    begun.#record('preparing');
    begun.limitTime(command.transfer?.timeLimitNs ?? null);
    begun.#prepare(command, checksum);
    return begun;
  }

  /** One that was committed before this coordinator started: its orders are given again. */
  static recovered(line: CommittedLine, desk: MigrationDesk): Migration {
    const { migration, domain, from, to, suspendAt, runAt } = line;
    const found = new Migration({ migration, domain, from, to, suspendAt, runAt }, desk, { phase: 'deciding' }, null);
    found.#decided(line.at);
    return found;
  }

  get phase(): MigrationPhase {
    return this.#state.phase === 'decided' ? this.#state.handOver.phase : this.#state.phase;
  }

  /** Whether an abort is still possible. */
  get undecided(): boolean {
    return this.#state.phase === 'preparing' || this.#state.phase === 'streaming';
  }

  /** Whether its guest is still somebody's to move: neither home again nor arrived, nor left to a person. */
  get isUnderWay(): boolean {
    return this.undecided || this.phase === 'deciding' || this.phase === 'handing-over';
  }

  get counts(): RelayCounts {
    return this.#stream.counts;
  }

  /** Who, where and when. The instants are the source's, where the order left them open. */
  get plan(): MigrationPlan {
    return this.#plan;
  }

  /** The target has dialled its stream socket, again with `resume` as the batch that it waits for. */
  attachTarget(node: string, channel: Channel, resume: number | null): void {
    if (node === this.plan.to && this.undecided) this.#stream.attachTarget(channel, resume);
    else
      channel.close(
        CLOSE_CODE.CONFLICT,
        `migration ${this.plan.migration} takes no stream of '${node.slice(0, 40)}' now`,
      );
  }

  /** Gives it up as somebody wished. Throws when it is decided. */
  cancel(why: string): void {
    this.#expectUndecided('cancelled');
    this.abort(new SkewbedError('cancelled', why));
  }

  /** From now on the source keeps to this bandwidth. */
  limitBandwidth(bandwidth: number | null, done: (outcome: Result | SkewbedError) => void): void {
    this.#expectUndecided('slowed down');
    const { migration, from } = this.plan;
    this.#desk.order(from, { command: 'migration-set', epoch: this.#desk.journal.epoch, migration, bandwidth }, done);
  }

  /** So much more time until both votes have to be there; null is for ever. */
  limitTime(limitNs: DurationNs | null): void {
    this.#expectUndecided('limited');
    this.#patience.limit(limitNs);
  }

  /** A node is there (again): what was decided and could not be told is told now. */
  nodeReady(): void {
    if (this.#state.phase === 'decided') this.#state.handOver.proceed();
  }

  /** A person has decided about it elsewhere: no order is given any more. */
  leaveToPersons(): void {
    this.#left = true;
    if (this.#state.phase === 'decided') this.#state.handOver.leaveToPersons();
  }

  nodeLost(node: string): void {
    if (node !== this.plan.from && node !== this.plan.to) return;
    // A source that has voted is not needed any more: its guest stays paused, and it is told the end when it is back.
    if (node === this.plan.from && this.#state.phase === 'streaming' && this.#state.votes.has('source')) return;
    const error = new SkewbedError('link-lost', `node ${node} has lost its link to the coordinator`);
    if (this.undecided && !this.#stream.nodeLost(error)) this.abort(error);
  }

  /** Ends it before the decision; afterwards it changes nothing. */
  abort(error: SkewbedError): void {
    if (!this.undecided) return;
    const { migration, from } = this.plan;
    const during = this.#state.phase;
    this.#patience.stop();
    this.#stream.close(CLOSE_CODE.NORMAL, error.code);
    const why = new SkewbedError(
      error.code,
      `migration ${migration} was aborted while ${during}: ${error.message}; ${this.plan.domain} goes on on ${from}`,
    );
    this.#state = { phase: 'aborting', error: why };
    orderAborts(this.plan, error, this.#desk, () => this.#aborted(why));
  }

  #prepare(command: MigrateCommand, checksum: string): void {
    askToPrepare(command, checksum, this.#desk, {
      wanted: () => this.#state.phase === 'preparing',
      refused: (error) => this.abort(error),
      prepared: () => {
        this.#state = { phase: 'preparing', step: 'streams' };
        this.#patience.waitFor({
          until: trueNs(this.#desk.clock.now() + STREAM_OPEN_TIMEOUT_NS),
          what: 'the stream of the target did not open',
        });
        this.#openSource();
      },
    });
  }

  /** Once both ends are prepared and the target's stream is there: nothing has to be kept for a target to come. */
  #openSource(): void {
    if (this.#state.phase !== 'preparing' || this.#state.step !== 'streams' || !this.#stream.hasTarget) return;
    this.#state = { phase: 'streaming', votes: new Votes(this.#desk.journal.epoch) };
    this.#stream.open();
  }

  #voted(digest: Digest): void {
    const state = this.#state;
    if (state.phase !== 'streaming') return;
    const counted = state.votes.add(digest);
    switch (counted.count) {
      case 'open':
        this.#patience.waitFor({
          until: trueNs(this.#desk.clock.now() + DIGEST_TIMEOUT_NS),
          what: `the ${counted.missing}'s digest did not come`,
        });
        return;
      case 'refused':
        this.abort(counted.error);
        return;
      case 'equal':
        this.#comparedAt = this.#desk.clock.now();
        this.#record('received');
        this.#decide(counted.digest);
        return;
      default:
        counted satisfies never;
    }
  }

  #decide(digest: Digest): void {
    this.#patience.stop();
    this.#digest = digest;
    this.#state = { phase: 'deciding' };
    const at = this.#desk.clock.now();
    this.#desk.journal.write({ line: 'committed', at, ...this.plan, sha256: digest.sha256 }, () => {
      this.#stream.close(CLOSE_CODE.NORMAL, 'committed');
      this.#record('committed');
      this.#decided(this.#desk.clock.now());
    });
  }

  /** The commit line is durable. Nothing leads back from here. */
  #decided(committedAt: TrueNs): void {
    const handOver = new HandOver(this.plan, this.#desk, {
      started: (runAt) => {
        if (this.#digest === null) return;
        const { lastAt } = this.#stream;
        recordDowntime(this.#desk, this.plan, { lastAt, comparedAt: this.#comparedAt, committedAt, runAt });
      },
      settled: (outcome) => this.#end(outcome instanceof SkewbedError ? outcome : this.#result(outcome)),
    });
    this.#state = { phase: 'decided', handOver };
    if (this.#left) handOver.leaveToPersons();
    handOver.proceed();
  }

  #result(runAt: TrueNs): MigrateResult {
    const { migration, suspendAt } = this.plan;
    const { batches, bytes } = this.#stream.counts;
    const { sha256, pages } = this.#digest ?? NO_DIGEST;
    return { command: 'migrate', migration, runAt, pausedForNs: runAt - suspendAt, sha256, pages, batches, bytes };
  }

  #aborted(error: SkewbedError): void {
    this.#state = { phase: 'aborted', error };
    this.#record('aborted', `${error.code}: ${error.message}`);
    this.#end(error);
  }

  #end(outcome: MigrateResult | SkewbedError): void {
    const ended = this.#ended;
    this.#ended = null;
    ended?.(outcome);
  }

  #expectUndecided(what: string): void {
    if (this.undecided) return;
    throw new SkewbedError(
      'illegal-state',
      `migration ${this.plan.migration} is ${this.phase}: it can not be ${what} any more`,
    );
  }

  #record(phase: string, detail?: string): void {
    recordPhase(this.#desk, this.plan, phase, detail === undefined ? {} : { detail });
  }
}

/** After a restart nobody waits for the result, and the digest is in the journal only. */
const NO_DIGEST = { sha256: '0'.repeat(64), pages: 0 } as const;
