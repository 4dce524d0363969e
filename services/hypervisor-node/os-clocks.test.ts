import { readSkew, skewAt } from '@skewbed/model/time/skew.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { OsClocks } from './os-clocks.ts';

const S = 1_000_000_000n;

/** An operating system whose wall is `offset` behind true time and 2,000 ppm fast, and whose uptime began long ago. */
let now: bigint;
let stepped: bigint;
const wallAt = (at: bigint): bigint => 1_000_000n * S - 600n * S + (at * 1_002n) / 1_000n + stepped;
const uptimeAt = (at: bigint): bigint => at + 5_000_000n * S;
let clocks: OsClocks;

beforeEach(() => {
  now = 100n * S;
  stepped = 0n;
  clocks = new OsClocks({
    name: 'b',
    clock: { now: () => trueNs(now), uncertainty: () => 0n },
    read: () => ({ utcNs: wallAt(now), monotonicNs: uptimeAt(now) }),
  });
  now += S;
  clocks.follow(null);
});

describe('the clocks of an operating system', () => {
  it('become those of the host, with their rates, also for an origin ahead', () => {
    const asked = clocks.config(trueNs(now));
    now += 10n * S;
    const host = clocks.adapt({
      ...asked,
      origin: trueNs(now + S),
      wallSkew: '+1h',
      uptimeSkew: '5s',
      utcAtZeroNs: 0n,
    });
    for (const later of [0n, 30n * S]) {
      const at = host.origin + later;
      expect(host.utcAtZeroNs + skewAt(readSkew(host.wallSkew), later)).toBe(wallAt(at) + 0n);
      expect(skewAt(readSkew(host.uptimeSkew), later)).toBe(uptimeAt(at));
    }
  });

  it('move the host by as much as somebody set them, and not by what they drift', () => {
    let hostWall = wallAt(now);
    expect(clocks.follow(() => hostWall)).toBeNull();
    now += S;
    hostWall = wallAt(now);
    stepped = -5n * S;
    expect(clocks.follow(() => hostWall)).toBe(-5n * S);
    hostWall += -5n * S;
    expect(clocks.follow(() => hostWall)).toBeNull();
  });

  it('are measured anew after a step: canary', () => {
    stepped = -5n * S;
    clocks.follow(null);
    now += S;
    clocks.follow(null);
    const host = clocks.adapt(clocks.config(trueNs(now)));
    expect(host.utcAtZeroNs).toBe(wallAt(now));
  });
});
