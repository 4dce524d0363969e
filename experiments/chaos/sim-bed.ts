/**
 * The world of a chaos run in the simulator: coordinator, nodes and a runner on virtual time, links and processes that
 * faults are done to, and the true history: what the hosts of the model say themselves, whoever of the services heard it.
 */
import { CoordinatorCore } from '@skewbed/coordinator/core/coordinator.ts';
import type { RunnerPorts } from '@skewbed/coordinator/core/runner-client.ts';
import { modelWorld } from '@skewbed/hypervisor-node/core/model-world.ts';
import { NodeCore } from '@skewbed/hypervisor-node/core/node.ts';
import type { World } from '@skewbed/hypervisor-node/core/world.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { checksums } from '@skewbed/runtime/checksum.ts';
import { nodePageOps } from '@skewbed/runtime/page-ops.ts';
import type { SimProcess } from '@skewbed/runtime/sim/process.ts';
import { Simulation } from '@skewbed/runtime/sim/simulation.ts';
import type { Canary } from './canaries/canary.ts';
import { machineCrash } from './checkers/checker.ts';
import { nsOfMs } from './duration.ts';
import { HostLinks } from './host-links.ts';
import { COORDINATOR, type Pace, type RunBed } from './run-bed.ts';
import type { Schedule } from './schedule.ts';
import { SimLink } from './sim-link.ts';
import { SimMachine } from './sim-machine.ts';
import { watchStreams } from './stream-watch.ts';

/** Every command is there by then. */
const PACE: Pace = { leadMs: 100, moveLeadMs: 60, patienceMs: 0 };

export class SimBed implements RunBed {
  readonly pace = PACE;
  readonly coordinatorUrl = `sim://${COORDINATOR}`;
  readonly runner: RunnerPorts;
  readonly simulation: Simulation;
  /** What happened, in the order in which it did. */
  readonly history: HistoryEvent[] = [];
  readonly #links = new Map<string, HostLinks>();
  readonly #machines = new Map<string, SimMachine>();
  readonly #canary: Canary | null;
  #origin: TrueNs = trueNs(0n);

  /** `restarted` is called when a host's process is there again, without a host in it. */
  constructor(schedule: Schedule, canary: Canary | null, restarted: (host: string) => void) {
    this.#canary = canary;
    this.simulation = new Simulation({ seed: schedule.seed });
    const names = schedule.hosts.map(({ name }) => name);
    const toCoordinator = names.map((host) => this.#tapped(nodeName(host), COORDINATOR));
    const between = names.flatMap((a, i) =>
      names.slice(i + 1).map((b) => ({ a, b, link: this.#tapped(nodeName(a), nodeName(b)) })),
    );
    for (const [index, host] of names.entries()) {
      const own = toCoordinator[index] as SimLink;
      const others = between.filter(({ a, b }) => a === host || b === host).map(({ link }) => link);
      const links = [own, ...others];
      this.#links.set(host, new HostLinks(links));
      for (const link of links)
        watchStreams(link, { node: nodeName(host), now: () => this.simulation.now }, (event) => this.record([event]));
      own.transform = canary?.tap?.(nodeName(host)) ?? null;
    }
    this.#machines.set(
      COORDINATOR,
      new SimMachine(() => this.#startCoordinator(), { links: new HostLinks(toCoordinator), restarted: () => {} }),
    );
    for (const host of names) {
      this.#machines.set(
        host,
        new SimMachine(() => this.#startNode(host), {
          links: this.link(host),
          restarted: () => restarted(host),
          crashed: () => this.record([machineCrash(this.simulation.now, host)]),
        }),
      );
    }
    const { clock, timers, network } = this.simulation.process('runner');
    this.runner = { clock, timers, network, sync: null };
  }

  #tapped(a: string, b: string): SimLink {
    return new SimLink(this.simulation.link(a, b));
  }

  /** The true history needs nobody who tells it. */
  listen(): void {}

  refuses(): null {
    return null;
  }

  migrationName(move: number): string {
    return `m${move}`;
  }

  setOrigin(origin: TrueNs): void {
    this.#origin = origin;
  }

  record(events: readonly HistoryEvent[]): void {
    for (const event of events) this.history.push(event);
  }

  link(host: string): HostLinks {
    return this.#links.get(host) as HostLinks;
  }

  process(name: string): SimMachine {
    return this.#machines.get(name) as SimMachine;
  }

  at(atMs: number, fire: () => void): void {
    this.simulation.schedule(this.#origin + nsOfMs(atMs), fire);
  }

  after(forMs: number, fire: () => void): void {
    this.simulation.schedule(this.simulation.now + nsOfMs(forMs), fire);
  }

  /** The lines of the coordinator's journal that are on its disk. */
  get journal(): readonly string[] {
    return this.process(COORDINATOR).process.disk.lines;
  }

  #startCoordinator(): SimProcess {
    const process = this.simulation.process(COORDINATOR);
    const journal = this.#canary?.journal?.(process.journal) ?? process.journal;
    const { clock, timers, network, log } = process;
    const core = new CoordinatorCore({ clock, timers, network, log, journal });
    core.history.watch(({ events }) => this.record(events.filter(isCoordinators)));
    core.start();
    return process;
  }

  #startNode(name: string): SimProcess {
    const process = this.simulation.process(nodeName(name));
    const { clock, timers, network, log, random, url } = process;
    const world = toldOf(modelWorld(nodePageOps), (events) => this.record(events));
    new NodeCore(
      { clock, timers, network, log, random, checksums, sync: null },
      this.#canary?.world?.(world) ?? world,
      { name, url, coordinatorUrl: this.coordinatorUrl },
    ).start();
    return process;
  }
}

export const nodeName = (host: string): string => `node-${host}`;

/** Nodes' events are in the true history already; those that a migration's services tell are only here. */
const isCoordinators = (event: HistoryEvent): boolean =>
  event.kind === 'migration'
    ? event.host === undefined || event.phase === 'in-doubt'
    : event.kind === 'downtime-part' || event.kind === 'failure';

/** The world whose hosts tell the true history as well. */
function toldOf(world: World, record: (events: readonly HistoryEvent[]) => void): World {
  return {
    ...world,
    host: (config) => {
      const host = world.host(config);
      return {
        ...host,
        drain: () => {
          const events = host.drain();
          record(events);
          return events;
        },
      };
    },
  };
}
