/**
 * Runs one plan against a coordinator, whatever the testbed: configures the hosts, starts the guest, hands every action
 * with its instant to the nodes ahead of time, asks for the migration, reads every clock at the stop and at the run
 * instant for the proof of the fault, and gathers the events into a history.
 * Evented: answers come through callbacks, instants through timers. It reads no clock but the port's.
 */
import type { Outcome, RunnerClient } from '@skewbed/coordinator/core/runner-client.ts';
import type { HostEvent } from '@skewbed/model/xen/host-event.ts';
import type { CommandName, CommandOf, ResultOf } from '@skewbed/proto/control/commands.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent, HistoryHeader } from '@skewbed/proto/history.ts';
import { type DurationNs, NS_PER_MS, NS_PER_S, type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Timer, Timers } from '@skewbed/runtime/ports/timers.ts';
import { historyOf } from './history-order.ts';
import type { Plan, PlannedAction } from './plan.ts';
import { planToJson } from './plan-json.ts';
import { GUEST } from './plan-programs.ts';
import { progressText } from './progress-text.ts';
import { settled } from './settled.ts';

export type RunOutcome = { readonly header: HistoryHeader; readonly events: readonly HistoryEvent[] };
export type RunPorts = {
  readonly client: Pick<RunnerClient, 'request' | 'onEvents'>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** How far the run has come, in [0, 1], for a progress bar. */
  readonly progress?: (part: number, note?: string) => void;
  /** The instant from which the plan counts, when it was planned for one; otherwise soon. */
  readonly origin?: TrueNs;
};

/** From the last configuration to the guest's start: every command has to arrive before its instant. */
const LEAD_NS: Readonly<Record<Plan['realTime'], DurationNs>> = { virtual: 100n * NS_PER_MS, real: NS_PER_S };
const NODES_WAIT_NS = 20n * NS_PER_S;
const NODES_RETRY_NS = 50n * NS_PER_MS;
/** How often a run in real time looks whether it may end. */
const LOOK_NS = 200n * NS_PER_MS;
/** After the horizon, for answers that are under way. */
const GRACE_NS = 5n * NS_PER_S;

/** The history's first line for a plan. */
export const headerOf = (plan: Plan): HistoryHeader => ({
  skewbed: 1,
  scenario: plan.scenario.scenario,
  testbed: plan.testbed,
  seed: plan.seed,
  scale: plan.scale,
  plan: planToJson(plan),
});

/** Starts a run; `done` is called once, with its history or with why there is none. */
export function runPlan(ports: RunPorts, plan: Plan, done: (outcome: RunOutcome | SkewbedError) => void): void {
  new ScenarioRun(ports, plan, done).findNodes(trueNs(ports.clock.now() + NODES_WAIT_NS));
}

class ScenarioRun {
  readonly #ports: RunPorts;
  readonly #plan: Plan;
  readonly #done: (outcome: RunOutcome | SkewbedError) => void;
  readonly #events: HistoryEvent[] = [];
  #origin: TrueNs = trueNs(0n);
  #open = 0;
  /** Everything has been asked; when all of it is answered a run on virtual time is over. */
  #dispatched = false;
  #ended = false;
  #timer: Timer | null = null;

  constructor(ports: RunPorts, plan: Plan, done: (outcome: RunOutcome | SkewbedError) => void) {
    this.#ports = ports;
    this.#plan = plan;
    this.#done = done;
    ports.client.onEvents((events) => {
      if (!this.#ended) this.#events.push(...events);
    });
  }

  /** Nodes dial by themselves, so the first thing is to wait for them. */
  findNodes(deadline: TrueNs): void {
    this.#ask('coordinator', { command: 'nodes' }, ({ nodes }) => {
      const missing = this.#hosts().filter((name) => !nodes.some((node) => node.name === name));
      if (missing.length === 0) return this.#configure();
      if (this.#ports.clock.now() >= deadline) {
        return this.#fail(
          new SkewbedError(
            'not-found',
            `no node called ${missing.join(', ')} is connected to the coordinator; start it, or rename the hosts of the scenario`,
          ),
        );
      }
      this.#after(NODES_RETRY_NS, () => this.findNodes(deadline));
    });
  }

  #configure(): void {
    this.#origin = this.#ports.origin ?? trueNs(this.#ports.clock.now() + LEAD_NS[this.#plan.realTime]);
    let left = this.#plan.hosts.length;
    for (const host of this.#plan.hosts) {
      this.#ask(
        host.name,
        { command: 'configure-host', config: { ...host, patches: [...host.patches], origin: this.#origin } },
        () => {
          left -= 1;
          if (left === 0) this.#createGuest();
        },
      );
    }
  }

  #createGuest(): void {
    const { domain, startHost } = this.#plan;
    const spec = { ...domain, patches: [...domain.patches] };
    this.#ask(startHost, { command: 'step', at: null, event: { type: 'create-domain', spec } }, () => {
      this.#ask(startHost, { command: 'step', at: this.#origin, event: { type: 'unpause', domain: GUEST } }, () => {});
      this.#dispatch();
    });
  }

  #dispatch(): void {
    const { move, actions } = this.#plan;
    for (const instant of move === null ? [this.#plan.referenceNs] : [move.suspendAtNs, move.runAtNs]) {
      for (const host of this.#hosts()) this.#readClocks(host, instant);
    }
    for (const action of actions) this.#act(action);
    if (move !== null) this.#planMigration(move);
    this.#dispatched = true;
    if (this.#plan.realTime === 'real') this.#look();
    this.#ports.timers.at(this.#instant(this.#plan.horizonNs + GRACE_NS), () => this.#finish());
  }

  /** A pre-copy begins when the guest has run for a while, so that there is something to copy. */
  #planMigration(move: NonNullable<Plan['move']>): void {
    if (move.transfer === undefined || move.transfer.precopy.policy === 'stop-and-copy') {
      this.#migrate(move);
      return;
    }
    this.#open += 1;
    this.#ports.timers.at(this.#instant(move.suspendAtNs / 2n), () => {
      this.#open -= 1;
      if (!this.#ended) this.#migrate(move);
    });
  }

  #migrate(move: NonNullable<Plan['move']>): void {
    const { from, to, restore, sourceWallAheadNs, transfer } = move;
    // A coordinator that outlives the run takes no name twice, and no two runs begin at one instant of its clock.
    const migration = this.#plan.realTime === 'real' ? `${move.migration}-${this.#origin}` : move.migration;
    const order = {
      command: 'migrate',
      migration,
      domain: GUEST,
      from,
      to,
      restore,
      sourceWallAheadNs,
      suspendAt: this.#instant(move.suspendAtNs),
      runAt: this.#instant(move.runAtNs),
      ...(transfer === undefined ? {} : { transfer }),
    } as const;
    this.#request('coordinator', order, (outcome) => {
      if (!outcome.ok) this.#recordFailure('the move was aborted', outcome.error);
    });
  }

  #readClocks(host: string, atNs: DurationNs): void {
    const why = atNs === this.#plan.move?.suspendAtNs ? 'stop' : 'run';
    this.#request(host, { command: 'read-clocks', at: this.#instant(atNs) }, (outcome) => {
      if (!outcome.ok) return this.#recordFailure(`host ${host} did not read its clocks at the ${why}`, outcome.error);
      const { at, wallNs, uptimeNs, uncertaintyNs } = outcome.result;
      this.#events.push({ at, host, wallNs, uptimeNs, kind: 'clock-read', why, uncertaintyNs });
    });
  }

  /** What is meant for the guest after a move goes to both hosts: after a refused move it is still on the first. */
  #act(action: PlannedAction): void {
    const hosts = this.#hostsFor(action);
    const at = this.#instant(action.atNs);
    const event = action.event as Exclude<HostEvent, { type: 'elapse' }>;
    const errors: SkewbedError[] = [];
    for (const host of hosts) {
      this.#request(host, { command: 'step', at, event: event as CommandOf<'step'>['event'] }, (outcome) => {
        if (!outcome.ok) errors.push(outcome.error);
        if (errors.length === hosts.length) this.#recordFailure(`${event.type} on ${hosts.join(' or ')}`, errors[0]!);
      });
    }
  }

  #hostsFor({ target, atNs }: PlannedAction): readonly string[] {
    const { move, startHost } = this.#plan;
    if (target.to === 'host') return [target.host];
    return move === null || atNs <= move.suspendAtNs ? [startHost] : [move.to, move.from];
  }

  /** In real time nobody waits for the horizon: the run ends when all has returned and every clock is seen to move. */
  #look(): void {
    this.#timer = this.#after(LOOK_NS, () => {
      const nowNs = this.#ports.clock.now() - this.#origin;
      this.#ports.progress?.(Math.min(1, Number(nowNs) / Number(this.#plan.horizonNs)), this.#moving());
      const events = historyOf(this.#events, this.#origin);
      if (settled(this.#plan, events, nowNs)) return this.#finish();
      if (nowNs > this.#plan.referenceNs) {
        for (const host of this.#hostsFor({ target: { to: 'guest' }, atNs: nowNs, event: { type: 'elapse' } })) {
          this.#request(host, { command: 'step', at: null, event: { type: 'observe', domain: GUEST } }, () => {});
        }
      }
      this.#look();
    });
  }

  /** How far the move is, for a progress bar. */
  #moving(): string {
    const told = this.#events.findLast((event) => event.kind === 'migration-progress');
    const isOver = this.#events.some((event) => event.kind === 'guest-started' && event.how === 'restored');
    return told === undefined || isOver ? '' : progressText(told);
  }

  /** Asks, and ends the run when the answer is an error. */
  #ask<N extends CommandName>(
    to: string,
    command: CommandOf<N> & { readonly command: N },
    then: (result: ResultOf<N>) => void,
  ): void {
    this.#request<N>(to, command, (outcome) => (outcome.ok ? then(outcome.result) : this.#fail(outcome.error)));
  }

  #request<N extends CommandName>(
    to: string,
    command: CommandOf<N> & { readonly command: N },
    then: (outcome: Outcome<ResultOf<N>>) => void,
  ): void {
    this.#open += 1;
    this.#ports.client.request<N>(to, command, (outcome) => {
      this.#open -= 1;
      if (this.#ended) return;
      then(outcome);
      if (this.#dispatched && this.#open === 0 && this.#plan.realTime === 'virtual') this.#finish();
    });
  }

  #recordFailure(what: string, { code, message }: SkewbedError): void {
    this.#events.push({ at: this.#ports.clock.now(), kind: 'failure', code, message: `${what}: ${message}` });
  }

  #finish(): void {
    if (this.#end()) this.#done({ header: headerOf(this.#plan), events: historyOf(this.#events, this.#origin) });
  }

  #fail(error: SkewbedError): void {
    if (this.#end()) this.#done(error);
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#timer?.cancel();
    this.#ports.progress?.(1);
    return true;
  }

  #hosts(): readonly string[] {
    return this.#plan.hosts.map((host) => host.name);
  }

  #instant(ns: DurationNs): TrueNs {
    return trueNs(this.#origin + ns);
  }

  #after(ns: DurationNs, fire: () => void): Timer {
    return this.#ports.timers.at(trueNs(this.#ports.clock.now() + ns), fire);
  }
}
