/**
 * The clocks of the operating system that this node runs on, as the clocks of its host (HOST_CLOCK=os): CLOCK_REALTIME is
 * the wall, CLOCK_MONOTONIC the uptime. In a container both can really be skewed (compose.os-clock.yaml).
 * A host's clocks are functions of true time, so they are measured: offset and rate from looks that lie apart. When the
 * wall has moved away, because somebody has set it, the host's wall is set by as much, as by `date`.
 * Left out: a rate that changes while the node runs comes as many small steps.
 */

import type { HostConfig } from '@skewbed/model/xen/host-event.ts';
import { type DurationNs, NS_PER_MS, type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { lookAtMachineClocks, type MachineClocks } from '@skewbed/runtime/live/clock.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { NodeCore } from './core/node.ts';
import { type OwnClocks, plainHost } from './core/own-clocks.ts';

const PPB = 1_000_000_000n;
/** Closer together, two looks say nothing about a rate. */
const APART_NS = 200n * NS_PER_MS;
/** Beyond this it was somebody, not a crystal. */
const STEP_NS: DurationNs = 20n * NS_PER_MS;

const FOLLOW_EVERY_MS = 500;

type Look = { readonly at: TrueNs; readonly wallNs: bigint; readonly uptimeNs: bigint };

export class OsClocks implements OwnClocks {
  readonly doubtNs: DurationNs = 5n * NS_PER_MS;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #read: () => MachineClocks;
  /** The first look since the wall was set, and the last. */
  #first: Look;
  #last: Look;

  constructor({ name, clock, read = lookAtMachineClocks }: { name: string; clock: Clock; read?: () => MachineClocks }) {
    this.#name = name;
    this.#clock = clock;
    this.#read = read;
    this.#first = this.#look();
    this.#last = this.#first;
  }

  config(at: TrueNs): HostConfig {
    // What was seen before true time was known lies on another time line.
    this.restart();
    return this.#onto(plainHost({ name: this.#name, wallSkew: '', uptimeSkew: '' }, at, 0n));
  }

  adapt(config: HostConfig): HostConfig {
    this.follow(null);
    return this.#onto(config);
  }

  /** Forgets what was seen. */
  restart(): void {
    this.#first = this.#look();
    this.#last = this.#first;
  }

  /** Looks again. `hostWallNs` gives the host's wall now; returns by how much it has to be set, or null. */
  follow(hostWallNs: (() => bigint | null) | null): DurationNs | null {
    const seen = this.#look();
    const expected = this.#wallAt(seen.at);
    const offNs = seen.wallNs - expected;
    if (offNs > STEP_NS || offNs < -STEP_NS) this.#first = seen;
    this.#last = seen;
    const host = hostWallNs?.() ?? null;
    if (host === null) return null;
    const behindNs = seen.wallNs - host;
    return behindNs > STEP_NS || behindNs < -STEP_NS ? behindNs : null;
  }

  #onto(config: HostConfig): HostConfig {
    const { at, uptimeNs } = this.#last;
    const uptimeRate = this.#ratePpb('uptimeNs');
    return {
      ...config,
      utcAtZeroNs: this.#wallAt(config.origin),
      wallSkew: `+0s ${rateText(this.#ratePpb('wallNs'))}`,
      uptimeSkew: `${nsText(uptimeNs + ((config.origin - at) * uptimeRate) / PPB)} ${rateText(uptimeRate)}`,
      ntpPeriodNs: null,
    };
  }

  #wallAt(at: TrueNs): bigint {
    return this.#last.wallNs + ((at - this.#last.at) * this.#ratePpb('wallNs')) / PPB;
  }

  #ratePpb(clock: 'wallNs' | 'uptimeNs'): bigint {
    const apart = this.#last.at - this.#first.at;
    return apart < APART_NS ? PPB : ((this.#last[clock] - this.#first[clock]) * PPB) / apart;
  }

  #look(): Look {
    const { utcNs, monotonicNs } = this.#read();
    return { at: trueNs(this.#clock.now()), wallNs: utcNs, uptimeNs: monotonicNs };
  }
}

/** Keeps the wall of a node's host where the operating system's is. Returns what clearInterval takes. */
export function followOsClocks(own: OsClocks, core: NodeCore): NodeJS.Timeout {
  return setInterval(() => {
    const stepNs = own.follow(() => core.status().host?.wallNs ?? null);
    if (stepNs !== null) core.stepWall(stepNs);
  }, FOLLOW_EVERY_MS);
}

const rateText = (ppb: bigint): string => `x${ppb / PPB}.${String(ppb % PPB).padStart(9, '0')}`;
/** Durations are written in a unit; nanoseconds are the smallest. */
const nsText = (ns: bigint): string => `${ns}ns`;
