import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePlan } from './plan.ts';
import { clocksOf } from './plan-hosts.ts';
import { planFromJson, planToJson } from './plan-json.ts';
import { FULL_SCALE, readScale } from './scenarios/scale.ts';
import { readScenario } from './scenarios/scenario-file.ts';

const S = 1_000_000_000n;
const MS = 1_000_000n;
const TICK = 10n * MS;

const file = (more = '', wall = '-598s', uptime = '200000s') => `scenario: s
guest: { kernel: xenlinux-2.6.18 }
hosts: { a: { wall: 2008-11-27T08:21:44Z, uptime: 1000000s }, b: { wall: "${wall}", uptime: ${uptime} } }
move: { kind: migrate, from: a, to: b, downtime: 2s }
${more}`;
const planOf = (text: string, options: Partial<Parameters<typeof makePlan>[1]> = {}) =>
  makePlan(readScenario(text, 's.yaml'), { testbed: 'sim', seed: 1, scale: FULL_SCALE, toleranceNs: TICK, ...options });

describe('a plan', () => {
  it('puts each clock where the scenario wants it: the first host at the stop, the others when the guest runs', () => {
    const plan = planOf(file());
    const [a, b] = plan.hosts;
    expect(clocksOf(a!, plan.move!.suspendAtNs)).toEqual({ wallNs: 1_227_774_104n * S, uptimeNs: 1_000_000n * S });
    expect(clocksOf(b!, plan.move!.runAtNs)).toEqual({ wallNs: (1_227_774_104n - 598n) * S, uptimeNs: 200_000n * S });
    expect(plan.move!.sourceWallAheadNs).toBe(600n * S);
  });

  it('does so whatever the offsets and rates are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -9999, max: 9999 }),
        fc.integer({ min: 10, max: 2_000_000 }),
        fc.constantFrom('', ' x1.0002', ' -40ppm'),
        (wall, uptime, shape) => {
          const plan = planOf(file('', `${wall < 0 ? '' : '+'}${wall}s${shape}`, `${uptime}s${shape}`));
          expect(clocksOf(plan.hosts[1]!, plan.move!.runAtNs)).toEqual({
            wallNs: (1_227_774_104n + BigInt(wall)) * S,
            uptimeNs: BigInt(uptime) * S,
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('leaves exactly 60 s of the old sleep at the stop and starts programs half a tick off the grid', () => {
    const plan = planOf(file('sleeps: [{ length: 1s, armed: 100s }, { length: 100s, armed: -0s }]'));
    const [old, fresh, later, before] = plan.programs;
    expect(old!.armAtNs + old!.lengthNs - plan.move!.suspendAtNs).toBe(60n * S);
    expect(old!.dueNs).toBe(plan.referenceNs + 60n * S);
    expect(fresh!.armAtNs).toBe(plan.referenceNs + TICK / 2n);
    expect(later!.dueNs).toBe(plan.referenceNs + 101n * S + TICK / 2n);
    expect(before!.armAtNs).toBe(plan.move!.suspendAtNs - TICK / 2n);
    expect(before!.dueNs).toBe(plan.referenceNs + 100n * S - TICK / 2n);
  });

  it('sends a settime one nanosecond before its instant, and looks before and after', () => {
    const plan = planOf(file('events: [{ at: 30s, host: b, settime: exact }]'));
    const settime = plan.actions.find((action) => action.event.type === 'settime')!;
    expect(settime.atNs).toBe(plan.referenceNs + 30n * S - 1n);
    expect(settime.event).toMatchObject({
      to: { kind: 'absolute', wallNs: clocksOf(plan.hosts[0]!, settime.atNs).wallNs },
    });
    const looks = plan.actions.filter((action) => action.event.type === 'observe').map((action) => action.atNs);
    expect(looks).toEqual([plan.move!.suspendAtNs - 2n, plan.referenceNs + 10n * MS, plan.horizonNs]);
  });

  it('takes the first event as the reference when nothing moves', () => {
    const plan = planOf(`scenario: d
guest: { kernel: xenlinux-2.6.18 }
hosts: { a: { wall: 2008-11-27T08:21:44Z, uptime: 1000000s } }
move: { kind: none }
events: [{ at: 10s, host: a, settime: -600s }]
`);
    expect(plan.move).toBeNull();
    expect(plan.referenceNs).toBe(plan.warmUpNs + 10n * S);
    expect(plan.actions.findIndex((action) => action.event.type === 'observe')).toBeLessThan(
      plan.actions.findIndex((action) => action.event.type === 'settime'),
    );
    expect(plan.horizonNs).toBeGreaterThan(plan.referenceNs + 750n * S);
  });

  it('keeps every instant of stop, run and events on the grid of ticks, at any scale', () => {
    const scenario = readScenario(file('events: [{ at: 7s, host: b, settime: exact }]'), 's.yaml');
    const plan = makePlan(scenario, {
      testbed: 'processes',
      seed: 1,
      scale: readScale('1/997', scenario),
      toleranceNs: 100n * MS,
    });
    for (const ns of [
      plan.warmUpNs,
      plan.move!.suspendAtNs,
      plan.referenceNs,
      plan.horizonNs,
      plan.scenario.events[0]!.atNs,
    ])
      expect(ns % TICK).toBe(0n);
  });

  it('warms up long enough for the sleepers that are armed before the stop', () => {
    expect(planOf(file('sleeps: [{ length: 1s, armed: -300s }]')).warmUpNs).toBe(300n * S + 20n * TICK);
  });

  it('refuses a host that would not have booted yet', () => {
    expect(() => planOf(file('', '+2s', '1s'))).toThrow(/would not have booted yet; give it at least 4s/);
  });

  it('goes through JSON unchanged', () => {
    const plan = planOf(
      file('events: [{ at: 30s, host: b, settime: -600s }]\nexpect: { verdict: frozen, late: 598s }'),
    );
    expect(planFromJson(JSON.parse(JSON.stringify(planToJson(plan))))).toEqual(plan);
  });
});
