/**
 * One host and one guest as tests of the model set them up, where the trials of laboratory.ts do too much. A host's
 * clocks are plain here: uptime 1000 s and the wall of 2008-11-27 08:21:44 UTC at true time zero.
 */
import { hostWallNs, NS_PER_S, type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { BENCH_PAGE_OPS } from './laboratory.ts';
import { Host } from './xen/host.ts';
import type { DomainSpec, GuestCall, HostConfig } from './xen/host-event.ts';

export const GUEST = 'guest';
export const BENCH_WALL = hostWallNs(1_227_774_104n * NS_PER_S);
export const BENCH_UPTIME_S = 1000n;

/** A host named a, with these differences. */
export function benchHost(differences: Partial<HostConfig> = {}): Host {
  const config: HostConfig = {
    name: 'a',
    origin: trueNs(0n),
    wallSkew: '+0s',
    utcAtZeroNs: BENCH_WALL,
    uptimeSkew: `+${BENCH_UPTIME_S}s`,
    ntpPeriodNs: null,
    tscHz: 1_000_000_000n,
    frames: 1024,
    mfnSalt: 1,
    patches: [],
    domctl51: false,
    ...differences,
  };
  return new Host(config, BENCH_PAGE_OPS);
}

/** A guest of 128 pages with K1, with these differences. */
export const benchSpec = (differences: Partial<DomainSpec> = {}): DomainSpec => ({
  name: GUEST,
  kernel: 'xenlinux-2.6.18',
  build: 'smp',
  vcpus: 1,
  pages: 128,
  hz: 100,
  patches: [],
  reader: 'each-tick',
  writerPages: 4,
  ...differences,
});

/** Seconds of true time. */
export const at = (seconds: number): TrueNs => trueNs(BigInt(Math.round(seconds * 1e6)) * 1_000n);

/** Creates the guest at true time zero and lets it run. */
export function startBenchGuest(host: Host, differences: Partial<DomainSpec> = {}): void {
  const spec = benchSpec(differences);
  host.step(at(0), { type: 'create-domain', spec });
  host.step(at(0), { type: 'unpause', domain: spec.name });
}

export function elapse(host: Host, until: TrueNs): void {
  host.step(until, { type: 'elapse' });
}

export function callGuest(host: Host, when: TrueNs, call: GuestCall): void {
  host.step(when, { type: 'call-guest', domain: GUEST, call });
}
