/**
 * The second half of a migration: its commit line is durable, and now both nodes have to be told, however often their
 * links break: handing-over -> running, or lost; resolved where a person took over. The target comes first; the source's
 * copy goes when the guest has its place there. A target that says it cannot start the guest makes it 'lost': the source's
 * copy is kept, paused, for a person to decide (compare xl migrate, facts D.12 step 8b, which gives the guest back; two
 * commits could then differ).
 */

import type { Result } from '@skewbed/proto/control/commands.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { CommittedLine } from '@skewbed/proto/journal-file.ts';
import { COMMIT_LEAD_NS } from '@skewbed/proto/limits.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import type { MigrationDesk } from './migration-desk.ts';
import { recordPhase } from './migration-phase.ts';

/** Who, where and when: what is left of a migration after a restart. */
export type MigrationPlan = Pick<CommittedLine, 'migration' | 'domain' | 'from' | 'to' | 'suspendAt' | 'runAt'>;

export type HandOverHandlers = {
  /** The target has taken the guest. */
  started(runAt: TrueNs): void;
  /** As far as it can be known now: the source's copy is gone, or will go when its node is back. Once. */
  settled(outcome: TrueNs | SkewbedError): void;
};

type State =
  | { readonly phase: 'handing-over'; readonly at: 'target'; ordered: boolean }
  | { readonly phase: 'handing-over'; readonly at: 'source'; readonly runAt: TrueNs; ordered: boolean }
  | { readonly phase: 'running' }
  | { readonly phase: 'lost' }
  /** A person has decided about one end, against the journal or about a lost guest. */
  | { readonly phase: 'resolved' };

export class HandOver {
  readonly #plan: MigrationPlan;
  readonly #desk: MigrationDesk;
  readonly #handlers: HandOverHandlers;
  #state: State = { phase: 'handing-over', at: 'target', ordered: false };
  #settled = false;

  constructor(plan: MigrationPlan, desk: MigrationDesk, handlers: HandOverHandlers) {
    this.#plan = plan;
    this.#desk = desk;
    this.#handlers = handlers;
  }

  get phase(): State['phase'] {
    return this.#state.phase;
  }

  /** Gives the order that is due, if its node is there. Called at the beginning and whenever a node comes back. */
  proceed(): void {
    const state = this.#state;
    switch (state.phase) {
      case 'handing-over':
        if (state.ordered) return;
        if (state.at === 'target') this.#orderTarget(state);
        else this.#orderSource(state);
        return;
      case 'running':
      case 'lost':
      case 'resolved':
        return;
      default:
        state satisfies never;
    }
  }

  /** Gives no order any more. */
  leaveToPersons(): void {
    this.#state = { phase: 'resolved' };
    const { migration } = this.#plan;
    this.#settle(new SkewbedError('in-doubt', `migration ${migration}: a person decided about one end; look at both`));
  }

  #orderTarget(state: Extract<State, { at: 'target' }>): void {
    const { migration, to, suspendAt, runAt } = this.#plan;
    const { epoch } = this.#desk.journal;
    if (!this.#desk.isConnected(to)) return;
    state.ordered = true;
    const earliest = this.#desk.clock.now() + COMMIT_LEAD_NS;
    const instant = trueNs(runAt > earliest ? runAt : earliest);
    const order = { runAt: instant, pausedForNs: instant - suspendAt };
    this.#desk.order(to, { command: 'migration-commit', epoch, migration, order }, (outcome) =>
      this.#targetAnswered(state, outcome),
    );
  }

  #targetAnswered(state: Extract<State, { at: 'target' }>, outcome: Result | SkewbedError): void {
    if (this.#state !== state) return;
    if (outcome instanceof SkewbedError) {
      if (isSilence(outcome)) {
        state.ordered = false;
        this.proceed();
      } else this.#lost(outcome);
      return;
    }
    if (outcome.command !== 'migration-commit') return;
    this.#state = { phase: 'handing-over', at: 'source', runAt: outcome.at, ordered: false };
    this.#handlers.started(outcome.at);
    this.proceed();
  }

  #orderSource(state: Extract<State, { at: 'source' }>): void {
    const { migration, from } = this.#plan;
    if (!this.#desk.isConnected(from)) {
      this.#settle(state.runAt);
      return;
    }
    state.ordered = true;
    const { epoch } = this.#desk.journal;
    this.#desk.order(from, { command: 'migration-commit', epoch, migration }, (outcome) => {
      if (this.#state !== state) return;
      if (outcome instanceof SkewbedError && isSilence(outcome)) {
        state.ordered = false;
        this.proceed();
        return;
      }
      // Any other error says that the source has no such copy: it was restarted, and what it had is gone.
      this.#state = { phase: 'running' };
      this.#desk.journal.write({ line: 'ended', migration, at: this.#desk.clock.now() });
      // From an instant that the order named, and which may be ahead.
      recordPhase(this.#desk, this.#plan, 'running', { at: state.runAt });
      this.#settle(state.runAt);
    });
  }

  #lost(cause: SkewbedError): void {
    const { migration, to, from, domain } = this.#plan;
    const error = new SkewbedError(
      cause.code,
      `migration ${migration} is committed, and ${to} cannot start ${domain}: ${cause.message}; the copy on ${from} is kept, paused`,
    );
    this.#state = { phase: 'lost' };
    recordPhase(this.#desk, this.#plan, 'lost', { detail: error.message });
    this.#settle(error);
  }

  #settle(outcome: TrueNs | SkewbedError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#handlers.settled(outcome);
  }
}

/** No answer, rather than an answer that says no. */
function isSilence(error: SkewbedError): boolean {
  return error.code === 'link-lost' || error.code === 'timed-out' || error.code === 'not-connected';
}
