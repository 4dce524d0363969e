import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caseNamed, caseNames, loadScenario } from './case-library.ts';
import { jumpOf } from './scenarios/scale.ts';
import { firstHost } from './scenarios/scenario.ts';

const S = 1_000_000_000n;
const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden/clock-backward.json'), 'utf8')) as {
  scenarios: Record<
    string,
    { uptimeA: number; uptimeB: number; wallBMinusWallA: number; downtime: number; settimeBack: number }
  >;
  kernels: Record<string, string>;
  expected: { 'fields-2007': Record<string, Record<string, { late: number; mechanism?: string }>> };
};

describe('a case', () => {
  it.each([
    ['t3-uptime-only', 't3-uptime-only'],
    ['t3', 't3-uptime-only'],
    ['T3', 't3-uptime-only'],
    ['uptime-only', 't3-uptime-only'],
    ['date', 't5-date'],
    ['t', undefined],
    ['', undefined],
  ])("typed as '%s' is %s", (typed, name) => {
    expect(caseNamed(typed)).toBe(name);
  });

  it('that is not there is told apart from a file that is not there', () => {
    expect(() => loadScenario('uptime-onyl')).toThrow(
      /there is no case 'uptime-onyl', and no such file; did you mean|There is|there is:/,
    );
    expect(() => loadScenario('./none.yaml')).toThrow(/the scenario file \.\/none\.yaml cannot be read \(ENOENT\)/);
  });

  it.each(caseNames().filter((name) => /^t[0-4]-/.test(name)))(
    '%s has the clocks of the golden file, and expects its figures',
    (name) => {
      const scenario = loadScenario(name);
      const id = name.slice(0, 2).toUpperCase();
      const wanted = golden.scenarios[id]!;
      const b = scenario.hosts[1]!;
      expect(firstHost(scenario).uptimeNs).toBe(BigInt(wanted.uptimeA) * S);
      expect(b.uptimeNs).toBe(BigInt(wanted.uptimeB) * S);
      expect(jumpOf(scenario, b, 'wallNs')).toBe(BigInt(wanted.wallBMinusWallA) * S);
      expect(scenario.move).toMatchObject({ downtimeNs: BigInt(wanted.downtime) * S });
      const kernel = Object.entries(golden.kernels).find(([, each]) => each === scenario.guest.kernel)![0];
      const expected = golden.expected['fields-2007'][id]![kernel]!;
      expect(scenario.expect).toEqual({
        verdict: expected.late > 0 ? 'frozen' : 'healthy',
        mechanism: expected.mechanism ?? 'none',
        lateNs: BigInt(expected.late) * S,
      });
    },
  );
});
