/**
 * Wall and uptime apart (facts K.7.3): the length of M1 follows the wall alone, those of M2 and M3 the uptime alone, over
 * whatever skews. Through everything, so that neither the model nor the plan can have one knob for both.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge } from './result.ts';
import type { Result } from './result-schema.ts';
import { readScenario } from './scenarios/scenario-file.ts';
import { runInSim } from './testbeds/sim.ts';
import { DEFAULT_LIMIT_NS, planTrial } from './trial.ts';

const DOWNTIME = 2;
const TICK = 0.01 + 1e-6;

/** A move to a host whose clocks depart from agreement by these seconds. */
function moved(kernel: string, { wall, uptime }: { wall: number; uptime: number }): Result {
  const signed = (seconds: number): string => (seconds < 0 ? `${seconds}s` : `+${seconds}s`);
  const scenario = readScenario(
    `scenario: apart
guest: { kernel: ${kernel} }
hosts:
  a: { wall: 2008-11-27T08:21:44Z, uptime: 2000000s }
  b: { wall: "${signed(DOWNTIME + wall)}", uptime: ${2_000_000 + DOWNTIME + uptime}s }
move: { kind: migrate, from: a, to: b, downtime: ${DOWNTIME}s }
`,
    'apart.yaml',
  );
  const { header, events } = runInSim(planTrial(scenario, { testbed: 'sim', seed: 1, limitNs: DEFAULT_LIMIT_NS }));
  return judge(header, events).result;
}

const skew = fc.integer({ min: -500_000, max: 500_000 });
const over = (check: (skews: { wall: number; uptime: number }) => void): void =>
  fc.assert(fc.property(fc.record({ wall: skew, uptime: skew }), check), { numRuns: 25 });
const near = (figure: number | null | undefined, wanted: number): void => {
  expect(figure).toBeTypeOf('number');
  expect(Math.abs(figure! - wanted)).toBeLessThanOrEqual(TICK);
};
/** How far a clock falls back: by its skew, less the downtime that it went on. */
const fallOf = (seconds: number): number => Math.max(0, -(seconds + DOWNTIME));

describe('whatever the skews are', () => {
  it('M1 of xenlinux-2.6.18 is as long as the wall falls back', () => {
    over(({ wall, uptime }) => {
      const { mechanism, probes } = moved('xenlinux-2.6.18', { wall, uptime });
      near(probes.date?.stuckFor, fallOf(wall));
      near(probes.newSleep?.late, fallOf(wall));
      expect(mechanism).toBe(fallOf(wall) > 0 ? 'M1' : 'none');
    });
  });

  it('M2 of suse-2.6.25 is as long as the uptime falls back', () => {
    over(({ wall, uptime }) => {
      const { mechanism, probes } = moved('suse-2.6.25', { wall, uptime });
      near(probes.monotonic?.stuckFor, fallOf(uptime));
      expect(mechanism).toBe(fallOf(uptime) > 0 ? 'M2' : 'none');
    });
  });

  it('M3 of pvops-2.6.27 is as long as the uptime falls back, and stops nobody', () => {
    over(({ wall, uptime }) => {
      const { mechanism, verdict, probes } = moved('pvops-2.6.27', { wall, uptime });
      near(probes.schedClock?.stuckFor, fallOf(uptime));
      expect([verdict, mechanism]).toEqual(['healthy', fallOf(uptime) > 0 ? 'M3' : 'none']);
    });
  });

  it('pvops-6.12 never freezes', () => {
    over((skews) => {
      expect(moved('pvops-6.12', skews)).toMatchObject({ fault: 'confirmed', verdict: 'healthy', mechanism: 'none' });
    });
  });
});
