/** One logic: what the simulator shows, processes on real sockets show as well. No test here measures real time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadScenario } from '../case-library.ts';
import { judge } from '../result.ts';
import { DEFAULT_LIMIT_NS, planTrial, type Testbed, varied } from '../trial.ts';
import { openProcesses, type ProcessTestbed } from './processes.ts';
import { ServiceProcess } from './service-process.ts';
import { simTestbed } from './sim.ts';

let processes: ProcessTestbed;
beforeAll(async () => {
  processes = await openProcesses(['a', 'b']);
}, 60_000);
afterAll(async () => {
  await processes.close();
});

const run = async (testbed: Testbed, name: string, kernel: string, scale: string) => {
  const scenario = varied(loadScenario(name), { kernel });
  const { header, events } = await testbed.run(
    planTrial(scenario, { testbed: testbed.name, seed: 1, scale, limitNs: DEFAULT_LIMIT_NS }),
  );
  return judge(header, events);
};

describe('in processes', () => {
  it.each([
    ['t3', 'pvops-2.6.35', '1/500000'],
    ['t3', 'suse-2.6.25', '1/500000'],
    ['t5', 'xenlinux-2.6.18', '1/400'],
    ['t0', 'pvops-6.12', '1/200'],
  ])(
    '%s on %s shows at scale %s what it shows in the simulator',
    async (name, kernel, scale) => {
      const [real, simulated] = [await run(processes, name, kernel, scale), await run(simTestbed, name, kernel, scale)];
      expect(real.result.fault, real.reasons.join('\n')).toBe('confirmed');
      expect([real.result.verdict, real.result.mechanism]).toEqual([
        simulated.result.verdict,
        simulated.result.mechanism,
      ]);
      expect(Math.abs(real.result.probes.newSleep!.late! - simulated.result.probes.newSleep!.late!)).toBeLessThan(0.1);
    },
    60_000,
  );
});

describe('a service that does not come up', () => {
  it('is an error with its last words', async () => {
    const service = new ServiceProcess('coordinator', '@skewbed/coordinator/main.ts', { SKEWBED_LISTEN: 'nonsense' });
    await expect(service.ready).rejects.toThrow(/coordinator ended by itself \(exit code 254\)[\s\S]*nonsense/);
    await service.stop();
  }, 60_000);

  it('ends when it is told to, and that is no crash', async () => {
    const service = new ServiceProcess('coordinator', '@skewbed/coordinator/main.ts', {
      SKEWBED_LISTEN: '127.0.0.1:0',
      SKEWBED_LOG: 'silent',
    });
    const url = await service.ready;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await service.stop();
    await expect(Promise.race([service.crashed, Promise.resolve('calm')])).resolves.toBe('calm');
  }, 60_000);
});
