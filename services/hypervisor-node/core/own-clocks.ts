/**
 * Clocks that a node has by itself: from its settings, or those of the operating system that it runs on. Settings are in
 * force until somebody configures a host; the operating system's clocks are what they are, whatever anybody configures.
 */
import type { HostConfig } from '@skewbed/model/xen/host-event.ts';
import { type DurationNs, type TrueNs, trueNs } from '@skewbed/proto/units.ts';

export interface OwnClocks {
  /** The host that the node begins with. */
  config(at: TrueNs): HostConfig;
  /** What becomes of a host that somebody configures. */
  adapt(config: HostConfig): HostConfig;
  /** How far the host's clocks may be from the node's own. */
  readonly doubtNs: DurationNs;
}

export type ClockSettings = {
  readonly name: string;
  readonly wallSkew: string;
  readonly uptimeSkew: string;
  /** UTC now, as the machine believes it. */
  readonly utcNow: () => bigint;
};

/** A host with these skews, and nothing that a scenario would add. */
export function plainHost(
  { name, wallSkew, uptimeSkew }: Omit<ClockSettings, 'utcNow'>,
  at: TrueNs,
  utcAtZeroNs: bigint,
): HostConfig {
  return {
    name,
    origin: trueNs(at),
    wallSkew,
    utcAtZeroNs,
    uptimeSkew,
    ntpPeriodNs: null,
    tscHz: 1_000_000_000n,
    frames: 16_384,
    mfnSalt: 1,
    patches: [],
    domctl51: false,
  };
}

/** Clocks as somebody wrote them down. */
export function settledClocks(settings: ClockSettings): OwnClocks {
  return {
    config: (at) => plainHost(settings, at, settings.utcNow()),
    adapt: (config) => config,
    doubtNs: 0n,
  };
}
