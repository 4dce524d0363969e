/**
 * One simulated process: a name, and the ports that a service is given. Everything it has set going ends with it:
 * after crash() no callback of it is called again, its peers see their channels break, unsynced journal lines are lost.
 */
import type { TrueNs } from '@skewbed/proto/units.ts';
import type { QueuedEvent } from '../event-queue.ts';
import type { Clock } from '../ports/clock.ts';
import type { Journal } from '../ports/journal.ts';
import type { Log } from '../ports/log.ts';
import type { Timers } from '../ports/timers.ts';
import { SeededRandom } from '../random.ts';
import type { SimDisk } from './journal.ts';
import { simLog } from './log.ts';
import { SimNetwork } from './network.ts';
import type { Simulation } from './simulation.ts';

export class SimProcess {
  readonly name: string;
  /** What peers dial: sim://<name>. */
  readonly url: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly network: SimNetwork;
  readonly journal: Journal;
  readonly log: Log;
  readonly random: SeededRandom;
  readonly disk: SimDisk;
  readonly #simulation: Simulation;
  /** How much later than asked every timer of this process fires: a slow host, a busy event loop. */
  lateNs = 0n;
  #alive = true;
  /** What has to wait until a paused process goes on, in order; null when it runs. */
  #backlog: (() => void)[] | null = null;

  constructor(simulation: Simulation, name: string, disk: SimDisk) {
    this.#simulation = simulation;
    this.name = name;
    this.url = `sim://${name}`;
    this.disk = disk;
    this.clock = { now: (): TrueNs => simulation.now, uncertainty: () => 0n };
    this.timers = { at: (deadline, fire) => this.schedule(deadline + this.lateNs, fire) };
    this.network = new SimNetwork(simulation, this);
    this.journal = disk.open(this);
    this.log = simLog(name, () => simulation.now, simulation.log);
    this.random = new SeededRandom(simulation.seed, `process ${name}`);
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Calls fire at that instant, unless this process has crashed by then. */
  schedule(at: bigint, fire: () => void): QueuedEvent {
    let cancelled = false;
    // It may be cancelled while it waits for a paused process to go on.
    const due = () => {
      if (!cancelled) fire();
    };
    const event = this.#simulation.schedule(at, () => this.whenAwake(due));
    return {
      at: event.at,
      cancel: () => {
        cancelled = true;
        event.cancel();
      },
    };
  }

  /** Does it now, or when a paused process goes on; never in a process that has crashed. */
  whenAwake(fire: () => void): void {
    if (!this.#alive) return;
    if (this.#backlog === null) fire();
    else this.#backlog.push(fire);
  }

  /** Stops it where it is, as SIGSTOP does: nothing of it runs, its connections stay open, messages wait. */
  pause(): void {
    this.#backlog ??= [];
  }

  /** Lets a paused process go on: everything that waited happens now, in order. */
  resume(): void {
    const backlog = this.#backlog ?? [];
    this.#backlog = null;
    for (const fire of backlog) this.#simulation.schedule(this.#simulation.now, () => this.whenAwake(fire));
  }

  /** Ends it at once, as kill -9 does. `unsyncedLinesKept`: journal lines that reach the disk all the same. */
  crash(options: { readonly unsyncedLinesKept?: number } = {}): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.disk.crash(options.unsyncedLinesKept ?? 0);
    this.network.crashed();
  }
}
