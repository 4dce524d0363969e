/** Where a run of chaos begins: true UTC then, and the host configurations of its schedule. */

import { formatSkew, PPB } from '@skewbed/model/time/skew.ts';
import type { HostConfig } from '@skewbed/model/xen/host-event.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import { nsOfMs } from './duration.ts';
import type { ChaosHost, Schedule } from './schedule.ts';

/** 2008-11-27 08:21:44 UTC, when the thread began. */
export const UTC_AT_ORIGIN_NS = 1_227_774_104_000_000_000n;

const GHZ = 1_000_000_000n;
/** Frames beside guests: a second copy of each during a move, and some to spare. */
const SPARE_FRAMES = 1024;

const offsetText = (ms: number): string => formatSkew({ ratePpb: PPB, offsetNs: nsOfMs(ms), shapes: [] });

/** A host as it is configured at `atMs` of the run: at the beginning, or when it comes back from a crash. */
export function hostConfig(
  schedule: Pick<Schedule, 'hosts' | 'guests'>,
  host: ChaosHost,
  { origin, atMs }: { readonly origin: TrueNs; readonly atMs: number },
): HostConfig {
  const index = schedule.hosts.indexOf(host);
  const pages = schedule.guests.reduce((sum, guest) => sum + guest.pages + 1, 0);
  return {
    name: host.name,
    origin,
    wallSkew: offsetText(host.wallMs),
    utcAtZeroNs: UTC_AT_ORIGIN_NS + nsOfMs(atMs),
    uptimeSkew: offsetText(atMs === 0 ? host.uptimeMs : REBOOTED_MS),
    ntpPeriodNs: host.ntpMs === null ? null : nsOfMs(host.ntpMs),
    // Different processors, whose cycles are exact in nanoseconds.
    tscHz: GHZ * 2n ** BigInt((index + 1) % 3),
    frames: 2 * pages + SPARE_FRAMES,
    mfnSalt: index + 1,
    patches: [...host.patches],
    domctl51: false,
  };
}

/** A machine that has just come up. */
const REBOOTED_MS = 20_000;
