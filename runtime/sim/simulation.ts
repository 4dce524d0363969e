/**
 * Many services in one process on virtual true time: one queue of events ordered by (time, sequence number), one seed,
 * and therefore the same run every time. Idle time costs nothing: time jumps to the next event.
 *
 * A process is a set of ports (clock, timers, network, journal, log, random) with a name. It can crash and come back
 * with its disk. Links between processes have latency, jitter and bandwidth, and can be cut, silenced or refuse.
 * Left out: processor time. Whatever a callback does takes no virtual time.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { SIM_EVENTS_PER_INSTANT_MAX } from '@skewbed/proto/limits.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { EventQueue, type QueuedEvent } from '../event-queue.ts';
import { SimDisk } from './journal.ts';
import { Link, type LinkShape } from './link.ts';
import type { SimLogSink } from './log.ts';
import { SimProcess } from './process.ts';

export type SimulationOptions = {
  readonly seed: number;
  /** What a link is like until somebody changes it. Default: 250 us, no jitter, no bound on bandwidth. */
  readonly link?: Partial<LinkShape>;
  /** How long an fsync takes. Default 1 ms. */
  readonly fsyncNs?: bigint;
  /** Where log lines go; dropped when absent. */
  readonly log?: SimLogSink;
  /** Overwrite every received message after the handler has returned, so that a kept view is noticed. */
  readonly poisonViews?: true;
};

/** Until when to run. Whatever comes first; without any, until nothing is left to do. */
export type RunUntil = {
  /** Time goes on to exactly this instant; what is due at it is done. */
  readonly until?: TrueNs;
  /** Asked after every event. */
  readonly done?: () => boolean;
};

/** Why a run ended: `done()` held, the instant `until` was reached, or no event was left. */
export type RunEnd = 'done' | 'until' | 'idle';

const DEFAULT_LATENCY_NS = 250_000n;
const DEFAULT_FSYNC_NS = 1_000_000n;

export class Simulation {
  readonly seed: number;
  readonly poisonViews: boolean;
  readonly log: SimLogSink | null;
  /** How many events have been done since the start: a number for benchmarks. */
  events = 0;
  #now: TrueNs = trueNs(0n);
  #atThisInstant = 0;
  readonly #queue = new EventQueue();
  readonly #processes = new Map<string, SimProcess>();
  readonly #disks = new Map<string, SimDisk>();
  readonly #links = new Map<string, Link>();
  readonly #linkShape: LinkShape;
  readonly #fsyncNs: bigint;

  constructor(options: SimulationOptions) {
    this.seed = options.seed;
    this.poisonViews = options.poisonViews ?? false;
    this.log = options.log ?? null;
    this.#linkShape = { latencyNs: DEFAULT_LATENCY_NS, jitterNs: 0n, bytesPerSecond: null, ...options.link };
    this.#fsyncNs = options.fsyncNs ?? DEFAULT_FSYNC_NS;
  }

  /** True time now. */
  get now(): TrueNs {
    return this.#now;
  }

  /** Starts a process. After a crash the same name gives a new process on the old disk. */
  process(name: string): SimProcess {
    if (this.#processes.get(name)?.alive) {
      throw new SkewbedError('illegal-state', `process ${name} runs already: crash() it first`);
    }
    let disk = this.#disks.get(name);
    if (disk === undefined) {
      disk = new SimDisk(this.#fsyncNs);
      this.#disks.set(name, disk);
    }
    const process = new SimProcess(this, name, disk);
    this.#processes.set(name, process);
    return process;
  }

  /** The living process that listens at a URL such as sim://coordinator. */
  processAt(url: string): SimProcess | undefined {
    for (const process of this.#processes.values()) {
      if (process.alive && process.url === url) return process;
    }
    return undefined;
  }

  /** The link between two processes, both ways. It outlives crashes of either. */
  link(a: string, b: string): Link {
    const key = a < b ? `${a}\n${b}` : `${b}\n${a}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = new Link(this, a < b ? [a, b] : [b, a], this.#linkShape);
      this.#links.set(key, link);
    }
    return link;
  }

  /** Puts something into the queue, behind what is there for the same instant. The past comes now, older before newer. */
  schedule(at: bigint, fire: () => void): QueuedEvent {
    return this.#queue.push(at, fire);
  }

  /** The time of the next event; null when there is none. */
  nextAt(): TrueNs | null {
    const at = this.#queue.nextAt();
    return at === null ? null : trueNs(at);
  }

  /** Does events in order. What a callback throws comes out here, and the run can go on behind it. */
  run(how: RunUntil = {}): RunEnd {
    const until = how.until ?? null;
    const done = how.done;
    if (done?.()) return 'done';
    for (;;) {
      const event = this.#queue.pop(until);
      if (event === null) break;
      this.#advanceTo(trueNs(event.at));
      event.fire();
      if (done?.()) return 'done';
    }
    if (until === null) return 'idle';
    if (until > this.#now) this.#advanceTo(until);
    return 'until';
  }

  #advanceTo(at: TrueNs): void {
    this.events++;
    if (at > this.#now) {
      this.#now = at;
      this.#atThisInstant = 0;
    } else if (++this.#atThisInstant > SIM_EVENTS_PER_INSTANT_MAX) {
      throw new SkewbedError(
        'limit-exceeded',
        `${SIM_EVENTS_PER_INSTANT_MAX} events at ${at} ns of true time and no end: some processes answer each other without any delay`,
      );
    }
  }
}
