import { describe, expect, it } from 'vitest';
import { refuseLongRuns, refuseSmallSkews } from './refusals.ts';
import { FULL_SCALE, readScale, scaleFigure, scaleScenario } from './scale.ts';
import { readScenario } from './scenario-file.ts';

const S = 1_000_000_000n;
const MS = 1_000_000n;

type Clocks = { wall: string; uptimeA: string; uptimeB: string; downtime: string };
const moved = ({ wall, uptimeA, uptimeB, downtime }: Clocks, more = '') =>
  readScenario(
    `scenario: s
guest: { kernel: xenlinux-2.6.18 }
hosts: { a: { wall: 2008-11-27T08:21:44Z, uptime: ${uptimeA} }, b: { wall: ${wall}, uptime: ${uptimeB} } }
move: { kind: migrate, from: a, to: b, downtime: ${downtime} }
${more}`,
    's.yaml',
  );
const T1 = { wall: '-570s', uptimeA: '1000000s', uptimeB: '1000030s', downtime: '30s' };
const T3 = { wall: '+2s', uptimeA: '1000000s', uptimeB: '200000s', downtime: '2s' };

describe('scaling', () => {
  it('divides the jump of a skewed clock and leaves one that agrees alone', () => {
    const t1 = moved(T1);
    const [a, b] = scaleScenario(t1, readScale('1/114', t1)).hosts;
    expect(b!.wallNs - a!.wallNs).toBe(-5n * S);
    expect(b!.uptimeNs - a!.uptimeNs).toBe(30n * S);
    const t3 = moved(T3);
    const [c, d] = scaleScenario(t3, readScale('1/160000', t3)).hosts;
    expect(d!.wallNs - c!.wallNs).toBe(2n * S);
    expect(d!.uptimeNs - c!.uptimeNs).toBe(-5n * S);
  });

  it('divides sleeps, events, settimes and what is expected, but no downtime', () => {
    const scenario = moved(
      T1,
      'events: [{ at: 100s, host: b, settime: -600s }]\nsleeps: [{ length: 10s, armed: -20s }]\nexpect: { late: 570s }',
    );
    const scaled = scaleScenario(scenario, readScale('1/10', scenario));
    expect(scaled.events).toEqual([{ atNs: 10n * S, host: 'b', settime: { kind: 'by', byNs: -60n * S } }]);
    expect(scaled.sleeps).toEqual([{ lengthNs: S, armed: { side: 'before-stop', ns: 2n * S } }]);
    expect(scaled.expect?.lateNs).toBe(57n * S);
    expect(scaled.move).toEqual(scenario.move);
  });

  it('chooses by itself the scale whose longest length is 5 s', () => {
    expect(scaleFigure(readScale('auto', moved(T1)))).toBeCloseTo(1 / 114, 12);
    expect(scaleFigure(readScale('auto', moved(T3)))).toBe(1 / 160_000);
    // Nothing but the built-in sleep with 60 s left is long in a control.
    expect(scaleFigure(readScale('auto', moved({ ...T3, uptimeB: '1000002s' })))).toBeCloseTo(1 / 12, 12);
  });

  it('never makes a scenario longer', () => {
    expect(() => readScale('10', moved(T1))).toThrow(/write auto, 1, or a fraction/);
    expect(() => readScale('1/x', moved(T1))).toThrow(/write auto/);
    expect(readScale('1', moved(T1))).toEqual(FULL_SCALE);
  });
});

describe('a skew that could not be told from noise', () => {
  const real = { toleranceNs: 100n * MS, realTime: 'real' } as const;
  const virtual = { toleranceNs: 10n * MS, realTime: 'virtual' } as const;
  const near = { ...T3, wall: '+2.2s' };

  it('is refused in real time, with the value and the remedy', () => {
    expect(() => refuseSmallSkews(moved(near), real)).toThrow(
      /wall skew of host b is 200ms, below three times the tolerance of 100ms; make it at least 300ms or exactly zero/,
    );
    expect(() => refuseSmallSkews(moved({ ...near, wall: '+2.3s' }), real)).not.toThrow();
  });

  it('is refused in the simulator only where a freeze is expected', () => {
    const tiny = { ...T3, uptimeB: '1000002.02s' };
    expect(() => refuseSmallSkews(moved(tiny), virtual)).not.toThrow();
    expect(() => refuseSmallSkews(moved(tiny, 'expect: { verdict: frozen }'), virtual)).toThrow(
      /uptime skew of host b is 20ms/,
    );
  });

  it('is refused as a settime too, while publishing the same time again is not', () => {
    const settime = (by: string) => moved(T3, `events: [{ at: 1s, host: b, settime: ${by} }]`);
    expect(() => refuseSmallSkews(settime('-200ms'), real)).toThrow(/settime of host b is -200ms/);
    expect(() => refuseSmallSkews(settime('+0s'), real)).not.toThrow();
  });

  it('is refused when scaling has made the expected freeze too short to see', () => {
    const both = moved({ ...T3, wall: '-598s' }, 'expect: { verdict: frozen, late: 598s }');
    expect(() => refuseSmallSkews(scaleScenario(both, readScale('auto', both)), real)).toThrow(
      /the freeze that it expects is 3.7375ms/,
    );
  });
});

it('a run that takes longer than the limit is refused, and says how to shorten it', () => {
  expect(() => refuseLongRuns(moved(T3), 90n * S, 60n * S)).toThrow(
    /would take 1m30s of real time, and the limit is 1m; add --scale auto/,
  );
  expect(() => refuseLongRuns(moved(T3), 60n * S, 60n * S)).not.toThrow();
});
