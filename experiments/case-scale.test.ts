import { expect, it } from 'vitest';
import { caseNames, loadScenario } from './case-library.ts';
import { caseScale } from './case-scale.ts';
import { planTrial } from './trial.ts';

it.each(caseNames())('%s can be planned in real time, and nothing about it is too small to be seen', (name) => {
  const scenario = loadScenario(name);
  expect(() => planTrial(scenario, { testbed: 'containers', seed: 1, ...caseScale(scenario) })).not.toThrow();
});

it('goes by the smallest skew, not by the longest', () => {
  expect(caseScale(loadScenario('t4')).scale).toBe('1/300');
  expect(caseScale(loadScenario('t3')).scale).toBe('1/400001');
});
