import { hostUptimeNs, NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, test } from 'vitest';
import { HostClocks } from './host-clocks.ts';
import type { HostConfig } from './host-event.ts';

const seconds = (s: number) => trueNs(BigInt(s) * NS_PER_S);
const UTC = 1_227_774_104n * NS_PER_S;
const config: HostConfig = {
  name: 'a',
  origin: seconds(5),
  wallSkew: '-10s',
  utcAtZeroNs: UTC,
  uptimeSkew: '+1000s',
  ntpPeriodNs: null,
  tscHz: 1_000_000_000n,
  frames: 1024,
  mfnSalt: 1,
  patches: [],
  domctl51: false,
};

describe('a skew that changes while the host runs', () => {
  test('lets the clock go on from what it reads, and leaves the other clock alone', () => {
    const clocks = new HostClocks(config);
    clocks.setSkew(seconds(15), { clock: 'uptime', skew: '+0s x1.5' });
    expect(clocks.uptimeAt(seconds(15))).toBe(1010n * NS_PER_S);
    expect(clocks.uptimeAt(seconds(25))).toBe(1025n * NS_PER_S);
    expect(clocks.wallAt(seconds(25))).toBe(UTC + 10n * NS_PER_S);
  });

  test('leaps by the offset, on top of what was set by hand', () => {
    const clocks = new HostClocks(config);
    clocks.setWall(seconds(10), UTC);
    clocks.setSkew(seconds(10), { clock: 'wall', skew: '-3s' });
    expect(clocks.wallAt(seconds(10))).toBe(UTC - 3n * NS_PER_S);
    expect(clocks.wallAt(seconds(20))).toBe(UTC + 7n * NS_PER_S);
  });

  test('turns deadlines into instants by the new course, and a deadline that the leap passed into that instant', () => {
    const clocks = new HostClocks(config);
    clocks.setSkew(seconds(15), { clock: 'uptime', skew: '+20s x2' });
    expect(clocks.instantOf(hostUptimeNs(1040n * NS_PER_S))).toBe(seconds(20));
    expect(clocks.instantOf(hostUptimeNs(1015n * NS_PER_S))).toBe(seconds(15));
  });

  test('never takes an uptime back', () => {
    const clocks = new HostClocks(config);
    expect(() => clocks.setSkew(seconds(15), { clock: 'uptime', skew: '-1ns' })).toThrow(/sets the uptime back/);
    expect(() => clocks.setSkew(seconds(15), { clock: 'uptime', skew: '+0s strobe 1s/1s' })).toThrow(/runs backwards/);
    expect(clocks.uptimeAt(seconds(15))).toBe(1010n * NS_PER_S);
  });
});
