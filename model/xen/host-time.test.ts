/** What a host tells its guests about time, and when: wc_* at each settime, a time record at each calibration. */
import { NS_PER_MS, NS_PER_S } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { at, BENCH_UPTIME_S, BENCH_WALL, benchHost, benchSpec, elapse, GUEST, startBenchGuest } from '../bench-host.ts';
import { eventsOf } from '../readings.ts';
import type { Host } from './host.ts';
import { DOMCTL } from './hypervisor-ops.ts';
import { readWallclock } from './shared-info.ts';
import { readTimeRecord } from './vcpu-info.ts';

const wallclockOf = (host: Host) => readWallclock(host.domain(GUEST).sharedInfo, 'u64');
const lastProbeOf = (host: Host) => eventsOf(host.drain(), 'probe').at(-1);

function observe(host: Host, seconds: number) {
  host.step(at(seconds), { type: 'observe', domain: GUEST });
  const probe = lastProbeOf(host);
  if (probe === undefined) throw new Error('no probe');
  return probe;
}

function _framesAudit(host: Host, seconds: number) {
  host.step(at(seconds), { type: 'audit' });
  return eventsOf(host.drain(), 'frames-audit').at(-1);
}

describe('the wall clock', () => {
  it('is published as UTC at system time 0: the example of facts A.8 to the nanosecond', () => {
    const host = benchHost({ utcAtZeroNs: 1_227_774_104_250_000_000n, uptimeSkew: '+41d123456789ns' });
    startBenchGuest(host);
    const page = host.domain(GUEST).sharedInfo;
    const view = new DataView(page.buffer, page.byteOffset);
    expect([
      view.getUint32(0xc00, true),
      view.getUint32(0xc04, true),
      view.getUint32(0xc08, true),
      view.getUint32(0xc0c, true),
    ]).toEqual([2, 1_224_231_704, 126_543_211, 0]);
  });

  it('is published once when vCPU 0 gets its first context, and by no other context', () => {
    const host = benchHost();
    startBenchGuest(host, { vcpus: 3 });
    expect(wallclockOf(host).version).toBe(2);
    const domain = host.domain(GUEST);
    domain.setVcpuContext(host, 0, domain.vcpus[0]?.context as Uint8Array);
    expect(wallclockOf(host).version).toBe(2);
  });

  it('each settime moves its version by two and publishes to every domain', () => {
    const host = benchHost();
    startBenchGuest(host);
    startBenchGuest(host, { name: 'second' });
    const before = wallclockOf(host);
    host.step(at(3), { type: 'settime', by: 'date', to: { kind: 'relative', byNs: -600n * NS_PER_S } });
    expect(wallclockOf(host)).toEqual({ version: before.version + 2, wcNs: before.wcNs - 600n * NS_PER_S });
    expect(readWallclock(host.domain('second').sharedInfo, 'u64')).toEqual(wallclockOf(host));
    expect(eventsOf(host.drain(), 'settime').at(-1)).toMatchObject({ by: 'date', steppedNs: -600n * NS_PER_S });
    host.step(at(4), { type: 'settime', by: 'date', to: { kind: 'absolute', wallNs: BENCH_WALL } });
    expect(wallclockOf(host)).toEqual({
      version: before.version + 4,
      wcNs: BENCH_WALL - (BENCH_UPTIME_S + 4n) * NS_PER_S,
    });
    expect(host.clocksAt(at(5)).wallNs).toBe(BENCH_WALL + NS_PER_S);
  });

  it('an ntp dom0 publishes its own wall each period: the version counts on, the value stands', () => {
    const host = benchHost({ ntpPeriodNs: 60n * NS_PER_S });
    startBenchGuest(host);
    const { version, wcNs } = wallclockOf(host);
    elapse(host, at(59.999));
    expect(wallclockOf(host).version).toBe(version);
    elapse(host, at(181));
    expect(wallclockOf(host)).toEqual({ version: version + 6, wcNs });
  });

  it('a wall that drifts is published as it stands at each settime, and not before', () => {
    const host = benchHost({ ntpPeriodNs: 60n * NS_PER_S, wallSkew: '+0s x1.001' });
    startBenchGuest(host);
    const { wcNs } = wallclockOf(host);
    elapse(host, at(59));
    expect(wallclockOf(host).wcNs).toBe(wcNs);
    elapse(host, at(60));
    expect(wallclockOf(host).wcNs).toBe(wcNs + 60n * NS_PER_MS);
  });

  it('a guest that was created later gets the wall of the last settime, not of its birth', () => {
    const host = benchHost({ wallSkew: '+0s x1.001' });
    host.step(at(100), { type: 'create-domain', spec: benchSpec() });
    expect(wallclockOf(host).wcNs).toBe(BENCH_WALL - BENCH_UPTIME_S * NS_PER_S);
  });

  it('settimeoffset shows at the next settime only, as in 2008', () => {
    const host = benchHost();
    startBenchGuest(host);
    const before = wallclockOf(host);
    host.domctl(DOMCTL.settimeoffset, host.domain(GUEST), 3600n);
    expect(wallclockOf(host)).toEqual(before);
    host.step(at(1), { type: 'settime', by: 'ntp', to: { kind: 'relative', byNs: 0n } });
    expect(wallclockOf(host)).toEqual({ version: before.version + 2, wcNs: before.wcNs + 3600n * NS_PER_S });
  });
});

describe('the time record of a vCPU', () => {
  it('is renewed when the vCPU is switched in, once for each second of the host', () => {
    const host = benchHost();
    startBenchGuest(host);
    const versions: number[] = [];
    for (let tick = 0; tick <= 300; tick++) {
      host.reach(at(tick / 100));
      versions.push(readTimeRecord(host.domain(GUEST).sharedInfo, 0).version);
    }
    expect([...new Set(versions)]).toEqual([2, 4, 6, 8]);
    expect(versions.indexOf(4)).toBe(100);
  });

  it('holds the stamp of that second, from which the guest works out what time it is', () => {
    const host = benchHost({ tscHz: 2_400_000_000n });
    startBenchGuest(host);
    host.reach(at(2.5));
    expect(readTimeRecord(host.domain(GUEST).sharedInfo, 0)).toMatchObject({
      tscTimestamp: (BENCH_UPTIME_S + 2n) * 2_400_000_000n,
      systemTimeNs: (BENCH_UPTIME_S + 2n) * NS_PER_S,
      mul: 0xd5555555,
      shift: -1,
      flags: 0,
    });
  });

  it('is odd to nobody: at each instant at which somebody can look, the version is even', () => {
    const host = benchHost();
    startBenchGuest(host);
    for (let ms = 0; ms < 1500; ms += 7) {
      host.reach(at(ms / 1000));
      expect(readTimeRecord(host.domain(GUEST).sharedInfo, 0).version % 2).toBe(0);
    }
  });

  it.each([999_999_999n, 2_666_666_666n, 3_333_333_333n])(
    'lets a tickless kernel go on at a TSC of %d Hz, which rounds',
    (tscHz) => {
      const host = benchHost({ tscHz });
      startBenchGuest(host, { kernel: 'pvops-6.12' });
      elapse(host, at(100));
      expect(observe(host, 100).reading.jiffies).toBeGreaterThanOrEqual(9_999n);
    },
  );
});
