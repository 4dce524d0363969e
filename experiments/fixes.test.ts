import { describe, expect, it } from 'vitest';
import { effectOf, runSymptom, symptoms } from './fixes.ts';

const named = (name: string) => symptoms().find((symptom) => symptom.name === name)!;

describe('a symptom', () => {
  it.each(symptoms().map((symptom) => [symptom.name, symptom] as const))(
    '%s shows when nothing is fixed',
    (_, { scenario, shows }) => {
      expect(shows(runSymptom(scenario))).toBe(true);
    },
  );
});

describe('a fix (facts K.5)', () => {
  it.each([
    ['song-2008', 'M1', 'cured'],
    ['song-2008', 'M1, ntp', 'no'],
    ['song-2008', 'M1, date', 'no'],
    ['song-2008', 'M2', 'no'],
    ['reset-monotonic-tv', 'M1', 'cured'],
    ['arm-unguarded', 'M1', 'sleeps'],
    ['independent-wallclock', 'M1, date', 'cured'],
    ['sysdev-resume', 'M2', 'cured'],
    ['sysdev-resume', 'M4', 'cured'],
    ['reset-last-value', 'M2+M2b', 'cured'],
    ['reset-last-value', 'M2', 'other'],
    ['runstate-reregister', 'M3', 'cured'],
    ['uptime-continuity', 'M2+M2b', 'cured'],
    ['uptime-continuity', 'M1', 'no'],
    ['refuse-wall-behind', 'M1', 'not-moved'],
    ['reset-monotonic-tv', 'M2', 'not-applicable'],
  ])('%s does to %s: %s', (fix, symptom, kind) => {
    expect(effectOf(named(symptom), fix).kind).toBe(kind);
  });
});
