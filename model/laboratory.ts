/**
 * Two hosts and one guest on a bench, for tests of the model alone: no services, no messages, the stream handed over in
 * one process. The scenarios are T0 to T5 of facts K.2, with any numbers in their place.
 * The readings here are the least that golden values need; the project's verdicts come from experiments/checkers.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { type DurationNs, NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import type { ArmingCall } from './guest/timers.ts';
import type { PageOps } from './memory/page-ops.ts';
import type { RestorePolicy } from './migration/hand-over.ts';
import { MigrationSource } from './migration/source.ts';
import { MigrationTarget } from './migration/target.ts';
import { type Delivery, Host } from './xen/host.ts';
import type { DomainSpec, GuestCall, HostEvent, KernelName } from './xen/host-event.ts';

/** What a host's clocks show against the other's, at the instants of K.2: A at the stop, B at the start. */
export type Trial = {
  readonly kernel: KernelName;
  /** When the guest stops, after its boot; 2 s, at a tick, unless it says so. */
  readonly stop?: DurationNs;
  readonly uptimeA: DurationNs;
  /** null: no move, the wall of A is set by `settime` at the reference instant. */
  readonly move: { readonly uptimeB: DurationNs; readonly wallJump: DurationNs; readonly downtime: DurationNs } | null;
  readonly settime?: DurationNs;
  /** dom0 of the host that has the guest steps its wall `by`, that long after the reference instant; 0 publishes it again. */
  readonly settimes?: readonly { readonly after: DurationNs; readonly by: DurationNs }[];
  readonly restore?: RestorePolicy;
  readonly hostPatches?: readonly string[];
  readonly guestPatches?: readonly string[];
  readonly build?: 'smp' | 'up';
  readonly reader?: 'each-tick' | 'off';
  readonly pages?: number;
  readonly writerPages?: number;
  /** Both hosts' TSC, 1 GHz unless it says so, and how their uptimes go, such as 'x1.0002' or 'step +3s @6s'. */
  readonly tscHz?: bigint;
  readonly uptimeCourse?: string;
  readonly delivery?: Delivery;
  /** Other sleepers, armed that long after the reference instant. */
  readonly sleeps?: readonly Sleep[];
  /** Other sleepers, armed that long before the stop, at most 1 s. */
  readonly earlierSleeps?: readonly Sleep[];
  /** What else is called in the guest, that long after the reference instant. */
  readonly calls?: readonly { readonly after: DurationNs; readonly call: GuestCall }[];
  /** The toolstack pauses the guest, that long after the reference instant. */
  readonly pause?: { readonly after: DurationNs; readonly length: DurationNs };
  /** Steps that dom0 of A makes to its wall after the guest booted; 0 publishes it again. */
  readonly sourceSettimes?: readonly DurationNs[];
  /** How long after the reference instant the bench looks. */
  readonly horizon: DurationNs;
};

/** A sleeper: how long, armed when, and waiting by which call: nanosleep unless it says so. */
export type Sleep = { readonly armed: DurationNs; readonly length: DurationNs; readonly call?: ArmingCall['call'] };

export const TICK_NS = 10_000_000n;
const HALF_TICK_NS = TICK_NS / 2n;
const STOP_AFTER = 2n * NS_PER_S;
export const WALL_AT_STOP = 1_227_774_104n * NS_PER_S;
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
  private readonly stop: bigint;
  private readonly reference: bigint;
  private readonly history: HistoryEvent[] = [];
  private readonly due = new Map<string, bigint>();
  private host: Host;

  constructor(trial: Trial) {
    this.trial = trial;
    this.stop = trial.stop ?? STOP_AFTER;
    this.reference = this.stop + (trial.move?.downtime ?? 0n);
    this.host = this.makeHost('a', { wall: WALL_AT_STOP - this.stop, uptime: trial.uptimeA - this.stop });
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
      writerPages: trial.writerPages ?? 4,
    };
    this.step(0n, { type: 'create-domain', spec });
    this.step(0n, { type: 'unpause', domain: GUEST });
    const left = this.reference - HALF_TICK_NS - (trial.move?.downtime ?? 0n) + 60n * NS_PER_S;
    this.call(HALF_TICK_NS, { call: 'nanosleep', timer: 'oldSleep', lengthNs: left });
    this.due.set('oldSleep', this.reference + 60n * NS_PER_S);
    for (const byNs of trial.sourceSettimes ?? [])
      this.step(HALF_TICK_NS, { type: 'settime', by: 'date', to: { kind: 'relative', byNs } });
    const earlier = (trial.earlierSleeps ?? []).map((sleep) => ({
      ...sleep,
      at: this.stop - sleep.armed - HALF_TICK_NS,
    }));
    for (const { at, armed, length, call } of earlier.sort((x, y) => (x.at < y.at ? -1 : 1))) {
      this.elapse(at);
      this.sleep(`sleep at -${armed / NS_PER_S}`, at, length, call);
    }
  }

  /** As settime events are placed: right before the tick of their instant. */
  setClock(byNs: bigint): void {
    this.step(this.reference - 1n, { type: 'observe', domain: GUEST });
    this.step(this.reference - 1n, { type: 'settime', by: 'date', to: { kind: 'relative', byNs } });
  }

  migrate(move: NonNullable<Trial['move']>): void {
    const { trial } = this;
    const at = trueNs(this.stop);
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
    // A vCPU that spins to the end of the run never gets there: what is seen last is what was seen all along.
    const after =
      probes.find(
        (p) => p.at >= reference && (p.why === 'tick' || (p.why === 'asked' && p.reading.vcpu !== 'running')),
      ) ?? probes.at(-1);
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
    const sleep = (timer: string, { armed, length, call }: Sleep) => {
      const at = reference + armed + HALF_TICK_NS;
      return { at, run: () => this.sleep(timer, at, length, call) };
    };
    const looking = reference + TICK_NS + HALF_TICK_NS;
    const steps = [
      sleep('newSleep', { armed: 0n, length: NS_PER_S }),
      ...(trial.sleeps ?? []).map((s) => sleep(`sleep at ${s.armed / NS_PER_S}`, s)),
      { at: looking, run: () => this.step(looking, { type: 'observe', domain: GUEST }) },
    ];
    for (const { after, call } of trial.calls ?? []) {
      const at = reference + after + HALF_TICK_NS;
      steps.push({ at, run: () => this.call(at, call) });
    }
    if (trial.pause !== undefined) {
      const begin = reference + trial.pause.after;
      const end = begin + trial.pause.length;
      steps.push({ at: begin, run: () => this.step(begin, { type: 'pause', domain: GUEST }) });
      steps.push({ at: end, run: () => this.step(end, { type: 'unpause', domain: GUEST }) });
    }
    for (const { after, by } of trial.settimes ?? []) {
      const at = reference + after - 1n;
      const run = (): void => this.step(at, { type: 'settime', by: 'date', to: { kind: 'relative', byNs: by } });
      steps.push({ at, run });
    }
    return steps.sort((x, y) => (x.at < y.at ? -1 : 1));
  }

  private sleep(timer: string, at: bigint, lengthNs: bigint, call: ArmingCall['call'] = 'nanosleep'): void {
    this.due.set(timer, at + lengthNs);
    this.call(at, { call, timer, lengthNs });
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
      uptimeSkew: `+${clocks.uptime}ns ${this.trial.uptimeCourse ?? ''}`.trim(),
      ntpPeriodNs: null,
      tscHz: this.trial.tscHz ?? 1_000_000_000n,
      frames: 4096,
      mfnSalt: name.charCodeAt(0),
      patches: this.trial.hostPatches ?? [],
      domctl51: false,
    };
    return new Host(config, BENCH_PAGE_OPS, this.trial.delivery ?? 'merged');
  }
}
