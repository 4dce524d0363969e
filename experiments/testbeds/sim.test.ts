import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caseNames, loadScenario } from '../case-library.ts';
import { judge } from '../result.ts';
import { PRECOPY_POLICIES } from '../scenarios/file-transfer.ts';
import { KERNEL_NAMES, type Scenario } from '../scenarios/scenario.ts';
import { DEFAULT_LIMIT_NS, planTrial, varied } from '../trial.ts';
import { runInSim } from './sim.ts';

const run = (scenario: Scenario, seed = 1) => {
  const { header, events } = runInSim(planTrial(scenario, { testbed: 'sim', seed, limitNs: DEFAULT_LIMIT_NS }));
  return judge(header, events);
};

/** The same scenario with its skews taken away: every clock goes on by the downtime, nobody sets one. */
function withoutSkew(scenario: Scenario): Scenario {
  const [a] = scenario.hosts;
  const downtimeNs = scenario.move.kind === 'none' ? 0n : scenario.move.downtimeNs;
  return {
    ...scenario,
    hosts: scenario.hosts.map((host) =>
      host === a ? host : { ...host, wallNs: a!.wallNs + downtimeNs, uptimeNs: a!.uptimeNs + downtimeNs },
    ),
    events: scenario.events.map((event) => ({ ...event, settime: { kind: 'by', byNs: 0n } })),
  };
}

describe('in the simulator', () => {
  it.each(caseNames())('%s comes out as it expects', (name) => {
    const judged = run(loadScenario(name));
    expect(judged.outcome).toEqual({ outcome: 'pass', problems: [] });
  });

  const moving = caseNames().filter((name) => loadScenario(name).move.kind !== 'none');

  it.each(moving)('%s comes out so however its memory is carried', (name) => {
    for (const precopy of PRECOPY_POLICIES) {
      const { outcome } = run(varied(loadScenario(name), { precopy }));
      expect([precopy, outcome]).toEqual([precopy, { outcome: 'pass', problems: [] }]);
    }
  });

  it.each(caseNames())('%s is healthy on every kernel when its skew is taken away', (name) => {
    for (const kernel of KERNEL_NAMES) {
      const { result } = run(withoutSkew(varied(loadScenario(name), { kernel })));
      expect([kernel, result.fault, result.verdict, result.mechanism]).toEqual([
        kernel,
        'confirmed',
        'healthy',
        'none',
      ]);
    }
  });

  it('a case that expects another verdict than it gets fails', () => {
    const t3 = loadScenario('t3');
    expect(run({ ...t3, expect: { ...t3.expect!, verdict: 'healthy' } }).outcome.outcome).toBe('fail');
    expect(run({ ...t3, expect: { ...t3.expect!, lateNs: t3.expect!.lateNs! + 20_000_000n } }).outcome.outcome).toBe(
      'fail',
    );
  });

  it('a policy that refuses the move leaves the guest healthy where it was', () => {
    const judged = run(varied(loadScenario('t1'), { patches: ['refuse-wall-behind'] }));
    expect(judged.result).toMatchObject({ fault: 'confirmed', verdict: 'healthy', downtime: { lo: 0, hi: 0 } });
  });

  it('the clash of domctl numbers is an error with its code', () => {
    const scenario = varied(loadScenario('t1'), { restore: 'song-2008' });
    const clash = { ...scenario, hosts: scenario.hosts.map((host) => ({ ...host, domctl51: true })) };
    expect(() => run(clash)).toThrow(expect.objectContaining({ code: 'domctl-clash' }));
  });

  it('the same seed gives the same bytes, also in another process', () => {
    const script = `
      const { loadScenario } = await import('./case-library.ts');
      const { judge } = await import('./result.ts');
      const { runInSim } = await import('./testbeds/sim.ts');
      const { DEFAULT_LIMIT_NS, planTrial } = await import('./trial.ts');
      const { header, events } = runInSim(planTrial(loadScenario('t4'), { testbed: 'sim', seed: 7, limitNs: DEFAULT_LIMIT_NS }));
      process.stdout.write(judge(header, events).history);`;
    const other = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: join(import.meta.dirname, '..'),
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    expect(other).toBe(run(loadScenario('t4'), 7).history);
    expect(run(loadScenario('t4'), 7).history).toBe(other);
  });
});
