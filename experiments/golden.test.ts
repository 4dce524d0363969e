/**
 * The figures of facts K.2, run through everything: scenario file, plan, coordinator, nodes, stream, checkers, result.
 * Every cell within one guest tick.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caseNamed, loadScenario } from './case-library.ts';
import { type JudgedRun, judge } from './result.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { readScenario } from './scenarios/scenario-file.ts';
import { runInSim } from './testbeds/sim.ts';
import { DEFAULT_LIMIT_NS, planTrial, varied } from './trial.ts';

type Wanted = {
  readonly late: number;
  readonly mechanism?: string;
  readonly dateStep?: number;
  readonly dateAheadOfHost?: number;
  readonly monotonicLeap?: number;
  readonly schedClockStuck?: number;
};
const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden/clock-backward.json'), 'utf8')) as {
  readonly kernels: Readonly<Record<string, string>>;
  readonly expected: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Wanted>>>>>>;
};
const TICK = 0.01;

const run = (scenario: Scenario): JudgedRun => {
  const { header, events } = runInSim(planTrial(scenario, { testbed: 'sim', seed: 1, limitNs: DEFAULT_LIMIT_NS }));
  return judge(header, events);
};
const near = (figure: number | null | undefined, wanted: number): void => {
  expect(figure).toBeTypeOf('number');
  expect(Math.abs(figure! - wanted)).toBeLessThanOrEqual(TICK + 1e-6);
};

describe.each(['fields-2007', 'song-2008'])('under %s', (restore) => {
  const rows = Object.entries(golden.expected[restore]!).flatMap(([id, kernels]) =>
    Object.entries(kernels).map(([kernel, wanted]) => [id, kernel, wanted] as const),
  );

  it.each(rows)('%s on %s shows what facts K.2 say', (id, kernel, wanted) => {
    const { result, reasons } = run(varied(loadScenario(caseNamed(id)!), { kernel: golden.kernels[kernel]!, restore }));
    expect([result.fault, ...(result.fault === 'confirmed' ? [] : reasons)]).toEqual(['confirmed']);
    near(result.probes.newSleep?.late, wanted.late);
    expect(result.mechanism).toBe(wanted.mechanism ?? 'none');
    expect(result.verdict).toBe(wanted.late > 0 ? 'frozen' : 'healthy');
    if (wanted.dateStep !== undefined) near(result.probes.date?.step, wanted.dateStep);
    if (wanted.dateAheadOfHost !== undefined) near(result.probes.date?.aheadOfHost, wanted.dateAheadOfHost);
    if (wanted.monotonicLeap !== undefined) near(result.probes.monotonic?.leap, wanted.monotonicLeap);
    if (wanted.schedClockStuck !== undefined) near(result.probes.schedClock?.stuckFor, wanted.schedClockStuck);
  });
});

describe('with dom0 setting its clock 30 s after the resume, song-2008', () => {
  it.each([
    ['T1', 600],
    ['T2', 800_598],
  ] as const)('%s is calm until then, and freezes by %i s', (id, late) => {
    const scenario = varied(loadScenario(caseNamed(id)!), { restore: 'song-2008' });
    const { result } = run({
      ...scenario,
      events: [{ atNs: 30_000_000_000n, host: 'b', settime: { kind: 'by', byNs: 0n } }],
      sleeps: [{ lengthNs: 1_000_000_000n, armed: { side: 'after-reference', ns: 30_000_000_000n } }],
    });
    near(result.probes.newSleep?.late, 0);
    near(result.sleeps[0]?.returnedAfter, 1 + late);
    near(result.probes.date?.stuckFor, late);
    expect(result).toMatchObject({ fault: 'confirmed', verdict: 'frozen', mechanism: 'M1' });
  });
});

describe('the extra golden figures, with an uptime difference of 800 s', () => {
  const sleeper = (kernel: string, clocks: string, more: string): JudgedRun =>
    run(readScenario(`scenario: extra\nguest: { kernel: ${kernel} }\n${clocks}\n${more}`, 'extra.yaml'));
  const T1 =
    'hosts: { a: { wall: 2008-11-27T08:21:44Z, uptime: 1000000s }, b: { wall: -570s, uptime: 1000030s } }\nmove: { kind: save-restore, from: a, to: b, downtime: 30s }';
  const T3 =
    'hosts: { a: { wall: 2008-11-27T08:21:44Z, uptime: 1000000s }, b: { wall: +2s, uptime: 999200s } }\nmove: { kind: migrate, from: a, to: b, downtime: 2s }';
  const returned = (judged: JudgedRun, wanted: readonly number[]): void => {
    expect(judged.result.sleeps).toHaveLength(wanted.length);
    for (const [index, sleep] of judged.result.sleeps.entries()) near(sleep.returnedAfter, wanted[index]!);
  };

  it('K1 T1: sleeps armed during the freeze wait for its end, one armed before the stop does not', () => {
    returned(
      sleeper(
        'xenlinux-2.6.18',
        T1,
        'sleeps: [{ length: 1s, armed: 0s }, { length: 1s, armed: 100s }, { length: 1s, armed: 569s }, { length: 1s, armed: 600s }, { length: 100s, armed: -0s }]',
      ),
      [571, 471, 2, 1, 100],
    );
  });

  it('K1 T1 with the clock set right after 60 s: the date goes on, sleeps armed before keep waiting', () => {
    const judged = sleeper(
      'xenlinux-2.6.18',
      T1,
      'events: [{ at: 60s, host: b, settime: exact }]\nsleeps: [{ length: 1s, armed: 0s }, { length: 1s, armed: 30s }, { length: 1s, armed: 61s }]',
    );
    returned(judged, [571, 541, 1]);
    near(judged.result.probes.date?.stuckFor, 60);
  });

  it('K2 T3: every sleep waits, the old ones too', () => {
    const judged = sleeper('suse-2.6.25', T3, 'sleeps: [{ length: 1s, armed: 0s }, { length: 100s, armed: -0s }]');
    returned(judged, [801, 900]);
  });
});
