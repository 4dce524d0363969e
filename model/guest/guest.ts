/**
 * A guest that runs: a kernel, the timers that its programs wait on, and its programs. It is moved by upcalls from Xen
 * and by nothing else; between them it stands still, so that a stretch in which every timer interrupt would do the same
 * can be skipped (see quietUntil). When it suspends, all of this goes into its memory, and the guest on the target is
 * read from there.
 * Processes run on vCPU 0. What a program sees is asked for with observe(), which changes nothing.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { absOf, minOf } from '../time/nanos.ts';
import type { DomainSpec, GuestCall } from '../xen/host-event.ts';
import type { GuestTime, GuestXen, Kernel, TimeState } from './kernel.ts';
import { freshTimeState } from './kernel.ts';
import type { GuestMemory } from './kernel-data.ts';
import { readKernelData, writeKernelData } from './kernel-data.ts';
import { type GuestLayout, layoutOf } from './layout.ts';
import { ktime, type Observation, observe } from './probes.ts';
import { type ArmingCall, armTimer, distance, earliestMonotonic, type GuestTimer, scanTimers } from './timers.ts';
import { checkPages, type PageWriterState, WriterPace, writePages } from './workload/page-writer.ts';

/** One turn of update_wall_time's loop. Derived, not measured: with HZ=250, 2^64 ns then take hours, as facts B.3 says. */
export const CATCH_UP_LOOP_NS = 3n;
/** Interrupts after a start, a resume or a settime that are delivered one by one: jumps happen in these. */
const UNSETTLED_INTERRUPTS = 3;
export const GUEST_TIMERS_MAX = 256;

/** What a guest's programs tell the outside. */
export interface GuestEvents {
  timerArmed(timer: string, kind: ArmingCall['call'], lengthNs: bigint): void;
  timerReturned(timer: string, saw: { dateNs: bigint; monotonicNs: bigint; targetNs: bigint | null }): void;
}

type Variables = {
  spec: DomainSpec;
  time: TimeState;
  timers: GuestTimer[];
  timerInterrupts: bigint;
  writer: PageWriterState;
};

export class Guest {
  readonly spec: DomainSpec;
  readonly layout: GuestLayout;
  readonly kernel: Kernel;
  private readonly time: GuestTime;
  private readonly memory: GuestMemory;
  private readonly events: GuestEvents;
  private timers: GuestTimer[];
  private readonly writer: PageWriterState;
  private readonly pace: WriterPace;
  private timerInterrupts: bigint;
  private unsettled = UNSETTLED_INTERRUPTS;
  /** System time until which a loop with interrupts off keeps vCPU 0, and what programs saw last before it. */
  private spin: { readonly until: bigint; readonly last: Observation } | null = null;
  /** Probes read clocks whose guards complain on the console; that is not the guest complaining. */
  private probing = false;

  private constructor(kernel: Kernel, variables: Variables, world: GuestWorld) {
    this.spec = variables.spec;
    this.layout = layoutOf(variables.spec.pages);
    this.kernel = kernel;
    this.memory = world.memory;
    this.events = world.events;
    this.timers = variables.timers;
    this.timerInterrupts = variables.timerInterrupts;
    this.writer = variables.writer;
    this.pace = new WriterPace(variables.spec.writerRate ?? 1);
    this.time = {
      state: variables.time,
      xen: { ...world.xen, console: (line) => this.probing || world.xen.console(line) },
      tickNs: 1_000_000_000n / BigInt(variables.spec.hz),
      build: variables.spec.build,
      ops: kernel.ops,
    };
  }

  /** A fresh guest, before its first instruction. */
  static create(kernel: Kernel, spec: DomainSpec, world: GuestWorld): Guest {
    const writer = { writes: 0n, bad: [] };
    return new Guest(kernel, { spec, time: freshTimeState(), timers: [], timerInterrupts: 0n, writer }, world);
  }

  /** The guest whose variables lie in this memory. `kernelOf` gives its kernel with its own patches compiled in. */
  static fromMemory(pages: number, kernelOf: (spec: DomainSpec) => Kernel, world: GuestWorld): Guest {
    const variables = readKernelData(world.memory, layoutOf(pages).kernelData) as Variables;
    return new Guest(kernelOf(variables.spec), variables, world);
  }

  /** First instruction. */
  boot(): void {
    const g = this.time;
    g.ops.boot(g);
    this.rearm();
  }

  /** VIRQ_TIMER. One upcall may stand for several interrupts of a quiet stretch; `merged` counts them all. */
  virqTimer(merged: bigint): void {
    const g = this.time;
    this.spin = null;
    const before = { ...g.state };
    const { catchUpLoops } = g.ops.timerInterrupt(g);
    // Each interrupt that this one stands for would have done one turn.
    const loopNs = (catchUpLoops - merged) * CATCH_UP_LOOP_NS;
    if (loopNs >= g.tickNs) {
      this.startSpin(before, loopNs);
      return;
    }
    this.timerInterrupts += merged;
    this.runTimers();
    if (this.spec.reader === 'each-tick') g.ops.gettimeofday(g);
    writePages(this.memory, this.writerPlace(), this.writer, this.pace.writesIn(merged));
    if (this.unsettled > 0) this.unsettled--;
    this.rearm();
  }

  /** An event channel wakes a program. False when nothing in this guest can run. */
  call(call: GuestCall): boolean {
    const g = this.time;
    if (this.spin !== null) return false;
    switch (call.call) {
      case 'echo':
      case 'cpu-loop':
        return true;
      case 'settimeofday':
        g.ops.settimeofday(g, call.toNs);
        break;
      case 'nanosleep':
      case 'absolute-realtime':
      case 'futex-wait':
      case 'futex-lock-pi':
      case 'schedule-timeout': {
        if (this.timers.length >= GUEST_TIMERS_MAX) {
          throw new SkewbedError(
            'limit-exceeded',
            `guest ${this.spec.name} waits on ${GUEST_TIMERS_MAX} timers already: it takes no more`,
          );
        }
        this.timers.push(armTimer(this.kernel, g, call));
        this.events.timerArmed(call.timer, call.call, call.lengthNs);
        break;
      }
    }
    this.rearm();
    return true;
  }

  /** The dom0 of this host published a wall clock: the next interrupts are not like the last ones. */
  wallclockPublished(): void {
    this.unsettled = UNSETTLED_INTERRUPTS;
  }

  /** Everything up to HYPERVISOR_suspend. The variables are in the guest's memory afterwards. */
  suspend(): void {
    const g = this.time;
    g.ops.suspend(g);
    const variables: Variables = {
      spec: this.spec,
      time: g.state,
      timers: this.timers,
      timerInterrupts: this.timerInterrupts,
      writer: this.writer,
    };
    writeKernelData(this.memory, this.layout.kernelData, variables);
  }

  /** Everything after HYPERVISOR_suspend returned. */
  resume(outcome: 'restored' | 'cancelled'): void {
    const g = this.time;
    g.ops.resume(g, outcome);
    this.unsettled = UNSETTLED_INTERRUPTS;
    this.rearm();
  }

  /** The controller's pause is over: the next interrupts find at once what passed meanwhile. */
  unpaused(): void {
    this.unsettled = UNSETTLED_INTERRUPTS;
  }

  /** The hypervisor takes this part of the writers' time away, from the next tick on. */
  throttle(percent: number): void {
    this.pace.throttle(percent);
  }

  get tickNs(): bigint {
    return this.time.tickNs;
  }

  /** System time until which vCPU 0 spins with interrupts off, or null. */
  get spinsUntil(): bigint | null {
    return this.spin?.until ?? null;
  }

  /**
   * System time before which every timer interrupt does what the one before it did, so that the last one may stand for
   * all: no timer fires, no held clock is released. Never later than that; earlier does no harm.
   */
  quietUntil(): bigint {
    const g = this.time;
    const now = g.xen.systemTime();
    if (this.unsettled > 0 || this.spin !== null) return now;
    const held = this.look().held;
    const holding = new Set(held.map((h) => h.mechanism));
    const ticksStop = holding.has('M0') || (this.kernel.tick === 'oneshot' && holding.has('M2'));
    if (this.kernel.tick === 'oneshot' && ticksStop) return now;
    let until = now + QUIET_MAX_NS;
    for (const h of held) if (h.mechanism !== 'M2b') until = minOf(until, now + h.holdsNs - h.clockNs);
    for (const timer of this.timers) {
      const stopped = holding.has('M0') || (holding.has('M2') && timer.base !== 'jiffies');
      if (!stopped) until = minOf(until, now + distance(this.kernel, g, timer) - 2n * g.tickNs);
    }
    return until;
  }

  /** System times at which a clock that is held now will be released, in no order. */
  releases(): bigint[] {
    if (this.spin !== null) return [this.spin.until];
    const now = this.time.xen.systemTime();
    return this.look()
      .held.filter((h) => h.mechanism !== 'M2b' && h.mechanism !== 'M4')
      .map((h) => now + absOf(h.holdsNs - h.clockNs));
  }

  /** What programs see now. */
  observe(vcpu: Observation['reading']['vcpu']): Observation {
    if (this.spin !== null) return this.spin.last;
    return this.look(vcpu);
  }

  /** The page writer's count, and the pages which do not hold what it left there. */
  checkWriter(): { writes: bigint; badPages: number[] } {
    return { writes: this.writer.writes, badPages: checkPages(this.memory, this.writerPlace(), this.writer) };
  }

  private look(vcpu: Observation['reading']['vcpu'] = 'blocked'): Observation {
    this.probing = true;
    const observation = observe(this.time, { vcpu, timerInterrupts: this.timerInterrupts });
    this.probing = false;
    return observation;
  }

  private writerPlace(): { first: number; count: number } {
    return { first: this.layout.free, count: this.spec.writerPages };
  }

  private runTimers(): void {
    const g = this.time;
    const { fired, left } = scanTimers(this.kernel, g, this.timers);
    this.timers = left;
    for (const { timer, target } of fired) {
      this.events.timerReturned(timer, {
        dateNs: ktime(g.ops.gettimeofday(g)),
        monotonicNs: ktime(g.ops.ktimeGet(g)),
        targetNs: target,
      });
    }
  }

  private rearm(): void {
    const g = this.time;
    g.ops.programNextEvent(g, earliestMonotonic(g, this.timers));
  }

  /** The clocks stand at the end of the loop already, but nobody can read them before vCPU 0 gets there. */
  private startSpin(before: TimeState, loopNs: bigint): void {
    const g = this.time;
    const after = { ...g.state };
    Object.assign(g.state, before);
    const last = this.look('running');
    Object.assign(g.state, after);
    this.unsettled = UNSETTLED_INTERRUPTS;
    this.spin = { until: g.xen.systemTime() + loopNs, last };
  }
}

/** A quiet stretch is never longer than this, so that a run always gets somewhere: a year. */
const QUIET_MAX_NS = 31_557_600_000_000_000n;

/** What a guest is given by the host it runs on. */
export type GuestWorld = { readonly xen: GuestXen; readonly memory: GuestMemory; readonly events: GuestEvents };
