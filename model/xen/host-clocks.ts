/**
 * The clocks of one host: its wall, as its dom0 believes it, and its uptime, which is Xen's system time and the beat of
 * its TSC. Each is a pure function of true time by its own skew; somebody who sets the wall adds a step to it.
 * Xen itself keeps wc = wall - uptime and computes it at do_settime only (xen/common/time.c): a wall that drifts away
 * afterwards is not published until the next settime.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import {
  type HostUptimeNs,
  type HostWallNs,
  hostUptimeNs,
  hostWallNs,
  NS_PER_S,
  type TrueNs,
  trueNs,
} from '@skewbed/proto/units.ts';
import { ceilDiv } from '../time/nanos.ts';
import { firstInstantAt, isMonotone, nextStepAfter, readSkew, type Skew, skewAt } from '../time/skew.ts';
import { setTimeScale, type TimeScale, ticksOf } from '../time/tsc.ts';
import type { HostConfig } from './host-event.ts';

/** Ticks that a right shift of the TSC and its whole count drop, for any TSC up to 8 GHz. */
const TICKS_LOST = 5n;

const isExact = (tscHz: bigint, { mul }: TimeScale): boolean => tscHz % NS_PER_S === 0n && (mul & (mul - 1)) === 0;

/** A clock from some instant on: what it read then, and how it goes on. */
type Course = { readonly from: TrueNs; readonly baseNs: bigint; readonly skew: Skew };

export class HostClocks {
  readonly scale: TimeScale;
  /** The most by which a guest's scaled TSC lags behind the uptime: what a timer is late. */
  readonly timerSlopNs: bigint;
  private readonly config: HostConfig;
  private wall: Course;
  private uptime: Course;
  /** Sum of all steps that somebody made to the wall. */
  private wallSetNs = 0n;

  constructor(config: HostConfig) {
    this.config = config;
    const from = config.origin;
    this.wall = { from, baseNs: config.utcAtZeroNs, skew: readSkew(config.wallSkew) };
    this.uptime = { from, baseNs: 0n, skew: readSkew(config.uptimeSkew) };
    this.scale = setTimeScale(config.tscHz);
    // Xen fires a timer a little late (TIMER_SLOP), so a guest reads its deadline as past. Here it is late by no more than
    // the rounding of the TSC, or the guest would find its tick not due yet, at one and the same instant, for ever.
    this.timerSlopNs = isExact(config.tscHz, this.scale) ? 0n : ceilDiv(TICKS_LOST * NS_PER_S, config.tscHz) + 2n;
    this.expectMonotone(this.uptime.skew, config.uptimeSkew);
    if (skewAt(this.uptime.skew, 0n) < 0n) {
      throw new SkewbedError(
        'bad-clock',
        `host ${config.name}: the uptime '${config.uptimeSkew}' is below zero when the run starts; give the host more uptime, it must have booted before its guest does`,
      );
    }
  }

  /** Xen system time. */
  uptimeAt(at: TrueNs): HostUptimeNs {
    return hostUptimeNs(readingOf(this.uptime, at));
  }

  /** UTC as this host believes it. */
  wallAt(at: TrueNs): HostWallNs {
    return hostWallNs(readingOf(this.wall, at) + this.wallSetNs);
  }

  /** The first instant at which the uptime is at least this. */
  instantOf(uptime: bigint): TrueNs {
    const { from, baseNs, skew } = this.uptime;
    return trueNs(from + firstInstantAt(skew, uptime - baseNs));
  }

  /** The uptime up to which it runs on from this one without a leap; null when it never leaps again. */
  runsUntil(uptime: HostUptimeNs): bigint | null {
    const { from, skew } = this.uptime;
    if (skew.shapes.length === 0) return null;
    const step = nextStepAfter(skew, this.instantOf(uptime) - from);
    return step === null ? null : readingOf(this.uptime, trueNs(from + step - 1n));
  }

  /** Sets the wall; returns the step. */
  setWall(at: TrueNs, wall: bigint): bigint {
    const step = wall - this.wallAt(at);
    this.wallSetNs += step;
    return step;
  }

  /** From `at` on a clock departs from what it reads then. Readings from before that instant are no longer to be had. */
  setSkew(at: TrueNs, { clock, skew: text }: { readonly clock: 'wall' | 'uptime'; readonly skew: string }): void {
    const skew = readSkew(text);
    if (clock === 'wall') {
      this.wall = { from: at, baseNs: readingOf(this.wall, at), skew };
      return;
    }
    this.expectMonotone(skew, text);
    if (skewAt(skew, 0n) < 0n) {
      throw new SkewbedError(
        'bad-clock',
        `host ${this.config.name}: '${text}' sets the uptime back, which Xen's system time never does within one boot; give an offset of zero or more`,
      );
    }
    this.uptime = { from: at, baseNs: readingOf(this.uptime, at), skew };
  }

  tscAt(uptime: HostUptimeNs): bigint {
    return ticksOf(uptime, this.config.tscHz);
  }

  private expectMonotone(skew: Skew, text: string): void {
    if (isMonotone(skew)) return;
    throw new SkewbedError(
      'bad-clock',
      `host ${this.config.name}: the uptime '${text}' runs backwards at times; Xen's system time never does within one boot: leave out the strobe or the step back`,
    );
  }
}

const readingOf = ({ from, baseNs, skew }: Course, at: TrueNs): bigint => baseNs + skewAt(skew, at - from);
