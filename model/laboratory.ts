/**
 * Two hosts and one guest on a bench, for tests of the model alone: no services, no messages, the stream handed over in
 * one process. The scenarios are T0 to T5 of facts K.2, with any numbers in their place.
 * The readings here are the least that golden values need; the project's verdicts come from experiments/checkers.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { type DurationNs, NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import type { PageOps } from './memory/page-ops.ts';
import type { RestorePolicy } from './migration/hand-over.ts';
import { MigrationSource } from './migration/source.ts';
import { MigrationTarget } from './migration/target.ts';
import { type Delivery, Host } from './xen/host.ts';
import type { DomainSpec, GuestCall, HostEvent, KernelName } from './xen/host-event.ts';

/** What a host's clocks show against the other's, at the instants of K.2: A at the stop, B at the start. */
export type Trial = {
  readonly kernel: KernelName;
  readonly uptimeA: DurationNs;
  /** null: no move, the wall of A is set by `settime` at the reference instant. */
  readonly move: { readonly uptimeB: DurationNs; readonly wallJump: DurationNs; readonly downtime: DurationNs } | null;
  readonly settime?: DurationNs;
  /** dom0 of the host that has the guest publishes its own wall again, that long after the reference instant. */
  readonly publishedAfter?: DurationNs;
  readonly restore?: RestorePolicy;
  readonly hostPatches?: readonly string[];
  readonly guestPatches?: readonly string[];
  readonly build?: 'smp' | 'up';
  readonly reader?: 'each-tick' | 'off';
  readonly pages?: number;
  readonly delivery?: Delivery;
  /** Other sleeps: armed that long after the reference instant. */
  readonly sleeps?: readonly { readonly armed: DurationNs; readonly length: DurationNs }[];
  /** How long after the reference instant the bench looks. */
  readonly horizon: DurationNs;
};

export const TICK_NS = 10_000_000n;
const HALF_TICK_NS = TICK_NS / 2n;
const STOP = 2n * NS_PER_S;
const WALL_AT_STOP = 1_227_774_104n * NS_PER_S;
const GUEST = 'guest';

export type Outcome = {
  readonly history: readonly HistoryEvent[];
  readonly reference: bigint;
  /** Lateness of a sleep, ns; null when it never returned. */
  readonly late: (timer: string) => bigint | null;
  /** What the reference instant did to a clock: right after it, minus right before it. */
  readonly step: (probe: 'dateNs' | 'monotonicNs' | 'schedClockNs') => bigint;
  /** Longest stretch after the reference in which the probe showed one value. */
  readonly stuck: (probe: 'dateNs' | 'monotonicNs' | 'jiffies' | 'schedClockNs') => bigint;
  readonly host: Host;
};

/** sum-and-rotate over all bytes: tests of the model need equal-or-not, the runtime gives sha256. */
export const BENCH_PAGE_OPS: PageOps = {
  isZero: (page) => page.every((byte) => byte === 0),
  digest(chunks) {
    let hash = 0xcbf2_9ce4;
    for (const chunk of chunks) for (const byte of chunk) hash = Math.imul(hash ^ byte, 0x0100_0193);
    return (hash >>> 0).toString(16).padStart(8, '0');
  },
};

/** Runs a trial on a fresh pair of hosts. */
export function runTrial(trial: Trial): Outcome {
  const bench = new Bench(trial);
  bench.start();
  if (trial.move === null) bench.setClock(trial.settime ?? 0n);
  else bench.migrate(trial.move);
  bench.watch();
  return bench.outcome();
}

class Bench {
  private readonly trial: Trial;
  private readonly reference: bigint;
  private readonly history: HistoryEvent[] = [];
  private readonly due = new Map<string, bigint>();
  private host: Host;

  constructor(trial: Trial) {
    this.trial = trial;
    this.reference = trial.move === null ? STOP : STOP + trial.move.downtime;
    this.host = this.makeHost('a', { wall: WALL_AT_STOP - STOP, uptime: trial.uptimeA - STOP });
  }

  start(): void {
    const { trial } = this;
    const spec: DomainSpec = {
      name: GUEST,
      kernel: trial.kernel,
      build: trial.build ?? 'smp',
      vcpus: 1,
      pages: trial.pages ?? 128,
      hz: 100,
      patches: trial.guestPatches ?? [],
      reader: trial.reader ?? 'each-tick',
      writerPages: 4,
    };
    this.step(0n, { type: 'create-domain', spec });
    this.step(0n, { type: 'unpause', domain: GUEST });
    const left = this.reference - HALF_TICK_NS - (trial.move?.downtime ?? 0n) + 60n * NS_PER_S;
    this.call(HALF_TICK_NS, { call: 'nanosleep', timer: 'oldSleep', lengthNs: left });
    this.due.set('oldSleep', this.reference + 60n * NS_PER_S);
  }

  /** As settime events are placed: right before the tick of their instant. */
  setClock(byNs: bigint): void {
    this.step(this.reference - 1n, { type: 'observe', domain: GUEST });
    this.step(this.reference - 1n, { type: 'settime', by: 'date', to: { kind: 'relative', byNs } });
  }

  migrate(move: NonNullable<Trial['move']>): void {
    const { trial } = this;
    const at = trueNs(STOP);
    const target = this.makeHost('b', {
      wall: WALL_AT_STOP + move.wallJump - this.reference,
      uptime: move.uptimeB - this.reference,
    });
    const order = {
      migration: 'm1',
      domain: GUEST,
      restore: trial.restore ?? 'fields-2007',
      sourceWallAheadNs: move.downtime - move.wallJump,
    };
    const from = new MigrationSource(this.host, 'm1', GUEST);
    const to = new MigrationTarget(target, order);
    to.prepare(at);
    from.prepare(at);
    from.suspend(at);
    for (let records = from.take(64); records.length > 0; records = from.take(64)) {
      for (const record of records) to.apply(at, record);
    }
    if (to.finish(at).sha256 !== from.digest().sha256) throw new Error('the digests differ');
    to.commit(at, { runAt: trueNs(this.reference), pausedForNs: move.downtime });
    from.commit(at);
    this.history.push(...this.host.drain());
    this.host = target;
  }

  watch(): void {
    const { reference, trial } = this;
    this.step(reference, { type: 'elapse' });
    for (const { at, run } of this.later()) {
      this.elapse(at);
      run();
    }
    this.elapse(reference + trial.horizon);
    this.step(reference + trial.horizon, { type: 'observe', domain: GUEST });
    this.step(reference + trial.horizon, { type: 'audit' });
  }

  outcome(): Outcome {
    const { history, reference, host } = this;
    const probes = history.filter((event) => event.kind === 'probe');
    const before = probes.filter((p) => p.at < reference || p.why === 'suspend').at(-1);
    const start = probes.find((p) => p.at >= reference && p.why !== 'suspend');
    const after = probes.find(
      (p) => p.at >= reference && (p.why === 'tick' || (p.why === 'asked' && p.reading.vcpu !== 'running')),
    );
    if (before === undefined || start === undefined || after === undefined) throw new Error('the bench has no probes');
    return {
      history,
      reference,
      host,
      // A clock that goes is read back to the reference instant itself; one that stands still shows it as it is.
      step: (probe) => {
        const goes = start.reading[probe] !== after.reading[probe] || start === after;
        return after.reading[probe] - before.reading[probe] - (goes ? after.at - reference : 0n);
      },
      late: (timer) => {
        const returned = history.find((event) => event.kind === 'timer-returned' && event.timer === timer);
        return returned === undefined ? null : returned.at - (this.due.get(timer) as bigint);
      },
      stuck: (probe) => {
        let longest = 0n;
        let first: { at: bigint; value: bigint } | null = null;
        for (const p of probes) {
          if (p.at < reference || p.why === 'suspend') continue;
          if (first === null || first.value !== p.reading[probe]) first = { at: p.at, value: p.reading[probe] };
          else if (p.at - first.at > longest) longest = p.at - first.at;
        }
        return longest;
      },
    };
  }

  /** Sleeps and settimes after the reference, in their order. */
  private later(): { at: bigint; run: () => void }[] {
    const { reference, trial } = this;
    const sleep = (timer: string, armed: bigint, lengthNs: bigint) => {
      const at = reference + armed + HALF_TICK_NS;
      this.due.set(timer, at + lengthNs);
      return { at, run: () => this.call(at, { call: 'nanosleep', timer, lengthNs }) };
    };
    const looking = reference + TICK_NS + HALF_TICK_NS;
    const steps = [
      sleep('newSleep', 0n, NS_PER_S),
      ...(trial.sleeps ?? []).map(({ armed, length }) => sleep(`sleep at ${armed / NS_PER_S}`, armed, length)),
      { at: looking, run: () => this.step(looking, { type: 'observe', domain: GUEST }) },
    ];
    if (trial.publishedAfter !== undefined) {
      const at = reference + trial.publishedAfter - 1n;
      const run = (): void =>
        this.step(at, { type: 'settime', by: 'date', to: { kind: 'relative', byNs: trial.settime ?? 0n } });
      steps.push({ at, run });
    }
    return steps.sort((x, y) => (x.at < y.at ? -1 : 1));
  }

  private elapse(until: bigint): void {
    for (let next = this.host.nextDeadline(); next !== null && next <= until; next = this.host.nextDeadline()) {
      this.step(next, { type: 'elapse' });
    }
  }

  private call(at: bigint, call: GuestCall): void {
    this.step(at, { type: 'call-guest', domain: GUEST, call });
  }

  private step(at: bigint, event: HostEvent): void {
    this.host.step(trueNs(at), event);
    this.history.push(...this.host.drain());
  }

  /** `wall` and `uptime` are what the host shows at true time zero. */
  private makeHost(name: string, clocks: { wall: bigint; uptime: bigint }): Host {
    const config = {
      name,
      origin: trueNs(0n),
      wallSkew: '+0s',
      utcAtZeroNs: clocks.wall,
      uptimeSkew: `+${clocks.uptime}ns`,
      ntpPeriodNs: null,
      tscHz: 1_000_000_000n,
      frames: 4096,
      mfnSalt: name.charCodeAt(0),
      patches: this.trial.hostPatches ?? [],
      domctl51: false,
    };
    return new Host(config, BENCH_PAGE_OPS, this.trial.delivery ?? 'merged');
  }
}
