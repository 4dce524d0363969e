import { caseNames, loadScenario } from '@skewbed/experiments/case-library.ts';
import { caseScale } from '@skewbed/experiments/case-scale.ts';
import { type JudgedRun, judge } from '@skewbed/experiments/result.ts';
import type { Scenario } from '@skewbed/experiments/scenarios/scenario.ts';
import { readScenario } from '@skewbed/experiments/scenarios/scenario-file.ts';
import { openProcesses } from '@skewbed/experiments/testbeds/processes.ts';
import { simTestbed } from '@skewbed/experiments/testbeds/sim.ts';
import { planTrial, type Testbed } from '@skewbed/experiments/trial.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { describeContainers } from './engine.ts';

describeContainers('the same cases on all three testbeds', () => {
  let cluster: Cluster;
  const testbeds: Testbed[] = [simTestbed];

  beforeAll(async () => {
    cluster = await Cluster.start(['a', 'b']);
    testbeds.push(await openProcesses(['a', 'b']), await cluster.open());
  });
  afterAll(async () => {
    await Promise.all(testbeds.map((testbed) => testbed.close()));
    await cluster?.[Symbol.asyncDispose]();
  });

  it.each(caseNames())('%s has one verdict and one mechanism on sim, processes and containers', async (name) => {
    const runs = await onEach(testbeds, loadScenario(name));
    expect(runs.map(({ result }) => result.testbed)).toEqual(['sim', 'processes', 'containers']);
    const [first] = runs.map(seen);
    expect(runs.map(seen)).toEqual([first, first, first]);
    expect(runs.slice(1).map(({ outcome }) => outcome.outcome)).toEqual(['pass', 'pass']);
  });

  it('a guest whose host is set back and which moves there at once is frozen alike everywhere', async () => {
    const runs = await onEach(testbeds, clockSetWhileMoving);
    const [first] = runs.map(seen);
    expect(first).toMatchObject({ fault: 'confirmed', verdict: 'frozen', mechanism: 'M1' });
    expect(runs.map(seen)).toEqual([first, first, first]);
  });

  it('sees when a testbed shows something else: canary', async () => {
    const changed = { ...loadScenario('t0'), expect: { verdict: 'frozen', mechanism: null, lateNs: null } as const };
    const [, , containers] = await onEach(testbeds, changed);
    expect(containers?.outcome.outcome).toBe('fail');
  });
});

/** Somebody sets the target's clock back between the stop and the start of the guest, while its memory travels. */
const clockSetWhileMoving = readScenario(
  `scenario: set-while-moving
guest: { kernel: xenlinux-2.6.18 }
hosts:
  a: { wall: 2008-11-27T08:21:44Z, uptime: 1000000s }
  b: { wall: +2s, uptime: 1000002s }
move: { kind: migrate, from: a, to: b, downtime: 2s }
events:
  - { at: 1s, host: b, settime: -60s }
`,
  'set-while-moving',
);

const onEach = (testbeds: readonly Testbed[], scenario: Scenario): Promise<readonly JudgedRun[]> =>
  Promise.all(testbeds.map((testbed) => judgedOn(testbed, scenario)));

/** Once more when a busy machine has spoilt the proof. */
async function judgedOn(testbed: Testbed, scenario: Scenario): Promise<JudgedRun> {
  const plan = planTrial(scenario, { testbed: testbed.name, seed: 1, ...caseScale(scenario) });
  for (let attempt = 1; ; attempt += 1) {
    const { header, events } = await testbed.run(plan);
    const judged = judge(header, events);
    if (judged.result.fault !== 'inconclusive' || attempt === 2) return judged;
  }
}

const seen = ({ result: { fault, verdict, mechanism, also } }: JudgedRun) => ({ fault, verdict, mechanism, also });
