/**
 * The world of a chaos run in containers that run already. This process is a runner of their coordinator and no more:
 * nothing of ours lies between them, so faults of links are done where somebody has an engine at hand, as whole cuts, and
 * what strikes at a message cannot be done. History comes from the coordinator; what does not reach it is lost.
 */
import { randomBytes } from 'node:crypto';
import { RunnerClient, type RunnerPorts } from '@skewbed/coordinator/core/runner-client.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { Access } from '@skewbed/runtime/live/access.ts';
import { EstimatedClock } from '@skewbed/runtime/live/clock.ts';
import { LiveNetwork } from '@skewbed/runtime/live/network.ts';
import { LiveTimers } from '@skewbed/runtime/live/timers.ts';
import { machineCrash } from '../checkers/checker.ts';
import { nsOfMs } from '../duration.ts';
import type { ChaosLink } from '../faults/fault.ts';
import { type Fault, kindOf } from '../faults/index.ts';
import { COORDINATOR, type Pace } from '../run-bed.ts';
import type { Schedule } from '../schedule.ts';
import type { ContainerHands } from './container-hands.ts';
import { ContainerMachine } from './container-machine.ts';
import { Heard } from './heard.ts';
import { journalLinesOf } from './journal-lines.ts';
import type { OpenRealBed, RealBed } from './real-bed.ts';

export type Containers = {
  readonly coordinatorUrl: string;
  readonly token: string;
  /** Null: no engine is at hand, and only clocks can be disturbed. */
  readonly hands: ContainerHands | null;
};

const PACE: Pace = { leadMs: 2000, moveLeadMs: 600, patienceMs: 30_000 };
/**
 * A container that was cut off may come back with another address: both sides then wait for their keep-alive (20 s), and
 * a node dials in vain until the coordinator has given the old connection up.
 */
const LEAST_QUIET_MS = 45_000;
const NODES_WAIT_NS = 20_000_000_000n;
const NODES_RETRY_MS = 100;
/** Beyond it everything in a history that a coordinator has is older. */
const NO_EVENT = Number.MAX_SAFE_INTEGER;

export class ContainerBed implements RealBed {
  readonly testbed = 'containers';
  readonly pace = PACE;
  readonly leastQuietMs = LEAST_QUIET_MS;
  readonly heard = new Heard();
  readonly failures: SkewbedError[] = [];
  readonly runner: RunnerPorts;
  readonly coordinatorUrl: string;
  readonly #containers: Containers;
  readonly #clock = new EstimatedClock();
  readonly #timers = new LiveTimers(this.#clock);
  readonly #network: LiveNetwork;
  readonly #machines = new Map<string, ContainerMachine>();
  /** A coordinator that outlives runs takes no name twice. */
  readonly #mark = randomBytes(4).toString('hex');
  readonly #hosts: ReadonlySet<string>;
  #start: TrueNs = trueNs(0n);
  #origin: TrueNs = trueNs(0n);
  #historyFrom = 0;
  #meeting: () => void = () => {};
  readonly #met = new Promise<void>((resolve) => {
    this.#meeting = resolve;
  });

  private constructor(schedule: Schedule, containers: Containers, { restarted }: OpenRealBed) {
    const { token, hands, coordinatorUrl } = containers;
    this.coordinatorUrl = coordinatorUrl;
    this.#containers = containers;
    this.#hosts = new Set(schedule.hosts.map(({ name }) => name));
    this.#clock.onAdjusted((steppedNs) => this.#timers.clockAdjusted(steppedNs));
    this.#network = new LiveNetwork({ token, access: new Access({ token }) });
    this.runner = { clock: this.#clock, timers: this.#timers, network: this.#network, sync: this.#clock };
    if (hands === null) return;
    for (const name of [COORDINATOR, ...this.#hosts]) {
      const host = name === COORDINATOR ? null : name;
      const machine = new ContainerMachine(name, {
        hands,
        losing: () => {
          for (const each of host === null ? this.#hosts : [host]) this.heard.losing(each);
        },
        broke: () => {
          for (const each of host === null ? this.#hosts : [host]) this.heard.broke(each, this.#clock.now());
        },
        crashed: () => {
          if (host !== null) this.record([machineCrash(this.#clock.now(), host)]);
        },
        restarted: () => {
          if (host !== null) restarted(host);
        },
        failed: (error) => this.failures.push(error),
      });
      this.#machines.set(name, machine);
    }
  }

  /** Finds the coordinator and the nodes that the schedule needs. */
  static async open(schedule: Schedule, containers: Containers, options: OpenRealBed): Promise<ContainerBed> {
    const bed = new ContainerBed(schedule, containers, options);
    try {
      await bed.#meet();
      return bed;
    } catch (error) {
      await bed.close();
      throw error;
    }
  }

  get start(): TrueNs {
    return this.#start;
  }

  get history(): readonly HistoryEvent[] {
    return this.heard.history;
  }

  record(events: readonly HistoryEvent[]): void {
    this.heard.record(events);
  }

  setOrigin(origin: TrueNs): void {
    this.#origin = origin;
  }

  listen(client: RunnerClient): void {
    const prefix = `${this.#mark}-`;
    this.heard.listen(client, {
      from: this.#historyFrom,
      wanted: (event) =>
        event.at >= this.#start &&
        (event.host === undefined || this.#hosts.has(event.host)) &&
        (!('migration' in event) || event.migration.startsWith(prefix)),
      read: (event) => ('migration' in event ? { ...event, migration: event.migration.slice(prefix.length) } : event),
      now: () => this.#clock.now(),
    });
  }

  refuses(fault: Fault): string | null {
    if (kindOf(fault).about === 'clock') return null;
    if (this.#containers.hands === null) return 'no container engine is at hand';
    switch (fault.kind) {
      case 'pause':
        return null;
      case 'cut':
      case 'crash':
        if (fault.when.on === 'time') return null;
        return 'what passes between containers is not seen here, so nothing can strike at a message';
      default:
        return `there is no ${fault.kind} between containers: nothing of ours lies between them`;
    }
  }

  migrationName(move: number): string {
    return `${this.#mark}-m${move}`;
  }

  link(host: string): ChaosLink {
    return new WholeCut(this.process(host));
  }

  process(name: string): ContainerMachine {
    return this.#machines.get(name) as ContainerMachine;
  }

  at(atMs: number, fire: () => void): void {
    this.#timers.at(trueNs(this.#origin + nsOfMs(atMs)), fire);
  }

  after(forMs: number, fire: () => void): void {
    this.#timers.at(trueNs(this.#clock.now() + nsOfMs(forMs)), fire);
  }

  async stop(): Promise<void> {
    this.#timers.cancelAll();
    await Promise.all([...this.#machines.values()].map((machine) => machine.idle));
    this.#network.shutDown();
  }

  async journal(): Promise<readonly string[] | null> {
    const text = (await this.#containers.hands?.journal()) ?? null;
    if (text === null) return null;
    const prefix = `"${this.#mark}-m`;
    const lines = journalLinesOf(text, this.#start);
    return lines.filter((line) => line.includes(prefix)).map((line) => line.replace(prefix, '"m'));
  }

  close(): Promise<void> {
    return this.stop();
  }

  /** Learns true time, and waits until everybody is there: nodes dial by themselves. */
  async #meet(): Promise<void> {
    const options = { name: `chaos-${this.#mark}`, coordinatorUrl: this.coordinatorUrl };
    const client = new RunnerClient(this.runner, options);
    const lost = new Promise<never>((_, reject) => {
      const closed = (error: SkewbedError | null): void =>
        reject(error ?? new SkewbedError('link-lost', 'the coordinator closed the link'));
      client.connect({ ready: () => this.#awaitNodes(client, reject), closed });
    });
    await Promise.race([lost, this.#met]);
    lost.catch(() => {});
    client.close();
    this.#start = this.#clock.now();
  }

  #awaitNodes(client: RunnerClient, failed: (error: SkewbedError) => void): void {
    const deadline = this.#clock.now() + NODES_WAIT_NS;
    const look = (): void =>
      client.request('coordinator', { command: 'nodes' }, (asked) => {
        if (!asked.ok) return failed(asked.error);
        const there = new Set(asked.result.nodes.map(({ name }) => name));
        const missing = [...this.#hosts].filter((host) => !there.has(host)).join(', ');
        if (missing === '') return this.#askHistory(client, failed);
        if (this.#clock.now() > deadline)
          return failed(new SkewbedError('not-found', `no node called ${missing} is connected to the coordinator`));
        this.after(NODES_RETRY_MS, look);
      });
    look();
  }

  #askHistory(client: RunnerClient, failed: (error: SkewbedError) => void): void {
    client.request('coordinator', { command: 'history', from: NO_EVENT, most: 1 }, (told) => {
      if (!told.ok) return failed(told.error);
      this.#historyFrom = told.result.next;
      this.#meeting();
    });
  }
}

/** The one thing that can be done to the way to a container. */
class WholeCut implements ChaosLink {
  readonly passed = 0;
  readonly cut: ChaosLink['cut'];

  constructor(machine: ContainerMachine) {
    this.cut = () => machine.cut();
  }

  disturb(): never {
    throw impossible('disturbed');
  }

  silence(): never {
    throw impossible('silenced');
  }

  when(): never {
    throw impossible('watched');
  }

  corrupt(): never {
    throw impossible('changed');
  }
}

const impossible = (what: string): SkewbedError =>
  new SkewbedError('illegal-state', `a link of containers cannot be ${what}: the bed refuses such a fault`);
