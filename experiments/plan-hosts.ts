/**
 * The hosts of a plan: skews such that the host which the guest leaves reads its clocks of the scenario at the stop, and
 * every other host when the guest runs again. True UTC is the first host's wall at the stop, and goes on from there.
 */
import { formatDuration } from '@skewbed/model/time/nanos.ts';
import { readSkew, skewAt } from '@skewbed/model/time/skew.ts';
import type { HostConfig } from '@skewbed/model/xen/host-event.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { type DurationNs, trueNs } from '@skewbed/proto/units.ts';
import { formatSigned } from './scenarios/file-texts.ts';
import { firstHost, type Scenario } from './scenarios/scenario.ts';
import { patchesOf } from './scenarios/vocabulary.ts';

const GHZ = 1_000_000_000n;
/** Frames beside the guest's memory: page tables, p2m, and room for a second copy during a move. */
const SPARE_FRAMES = 4096;

/** The configuration of each host, in the order of the scenario. */
export function planHosts(
  scenario: Scenario,
  { stopNs, runNs }: { stopNs: DurationNs; runNs: DurationNs },
): readonly HostConfig[] {
  const first = firstHost(scenario);
  const utcAtZeroNs = first.wallNs - stopNs;
  const pages = scenario.guest.memoryBytes / 4096;
  return scenario.hosts.map((host, index) => {
    const atNs = host === first ? stopNs : runNs;
    const wallSkew = skewThrough(host.wallNs - utcAtZeroNs, { atNs, shape: host.wallShape });
    const uptimeSkew = skewThrough(host.uptimeNs, { atNs, shape: host.uptimeShape });
    const bootedNs = skewAt(readSkew(uptimeSkew), 0n);
    if (bootedNs < 0n) {
      throw new SkewbedError(
        'bad-scenario',
        `${scenario.scenario}: host ${host.name} has an uptime of ${formatDuration(host.uptimeNs)} ${formatDuration(atNs)} after the run starts, so it would not have booted yet; give it at least ${formatDuration(host.uptimeNs - bootedNs)}`,
      );
    }
    return {
      name: host.name,
      origin: trueNs(0n),
      wallSkew,
      utcAtZeroNs,
      uptimeSkew,
      ntpPeriodNs: host.ntpNs,
      // Different processors whose cycles are exact in nanoseconds: the TSC layer is tested by itself (model/time/tsc.ts).
      tscHz: GHZ * 2n ** BigInt((index + 1) % 3),
      frames: 2 * pages + SPARE_FRAMES,
      mfnSalt: index + 1,
      // The policy of that name is the patch, and half of it is in the hypervisor.
      patches: [...(scenario.restore === 'song-2008' ? ['song-2008'] : []), ...patchesOf('host', scenario.patches)],
      domctl51: host.domctl51,
    };
  });
}

/** What a host's wall and uptime read at an instant, when nobody sets them. */
export function clocksOf(host: HostConfig, atNs: DurationNs): { readonly wallNs: bigint; readonly uptimeNs: bigint } {
  return {
    wallNs: host.utcAtZeroNs + skewAt(readSkew(host.wallSkew), atNs),
    uptimeNs: skewAt(readSkew(host.uptimeSkew), atNs),
  };
}

/** How far one host's wall is ahead of another's at one instant. */
export function wallAheadNs(
  hosts: readonly HostConfig[],
  { of, over, atNs }: { of: string; over: string; atNs: DurationNs },
): DurationNs {
  const wall = (name: string) => clocksOf(hosts.find((host) => host.name === name)!, atNs).wallNs;
  return wall(of) - wall(over);
}

/** The skew text of this shape that reads `value` at `atNs`. */
function skewThrough(value: bigint, { atNs, shape }: { atNs: DurationNs; shape: string }): string {
  const offset = value - skewAt(readSkew(`+0s ${shape}`), atNs);
  return `${formatSigned(offset)} ${shape}`.trim();
}
