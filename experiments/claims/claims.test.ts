import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { simTestbed } from '../testbeds/sim.ts';
import { DEFAULT_LIMIT_NS } from '../trial.ts';
import { CLAIMS } from './all-claims.ts';
import { findingOf, testClaim } from './claim-test.ts';

const options = { testbed: 'sim', seed: 1, limitNs: DEFAULT_LIMIT_NS } as const;

describe('a claim of the thread', () => {
  it.each(CLAIMS.map((claim) => [claim.name, claim] as const))('%s comes out as the facts say', async (_, claim) => {
    const shown = await testClaim(claim, simTestbed, options);
    expect(shown.trials.filter((trial) => trial.fault !== 'confirmed')).toEqual([]);
    const trials = shown.trials.map(({ label, predicts, held }) => `${label}: ${predicts}: ${held}`).join('\n');
    expect(shown.finding, trials).toBe(claim.finding);
  });

  it('has a file of its own, by its name', () => {
    const files = readdirSync(import.meta.dirname).filter((file) =>
      CLAIMS.some((claim) => file === `${claim.name}.ts`),
    );
    expect(files).toHaveLength(CLAIMS.length);
    expect(new Set(CLAIMS.map((claim) => claim.name)).size).toBe(CLAIMS.length);
  });
});

describe('trials together', () => {
  it('make a claim true, false, partly true, or say nothing', () => {
    expect(findingOf([{ held: true }, { held: true }])).toBe('true');
    expect(findingOf([{ held: false }])).toBe('false');
    expect(findingOf([{ held: true }, { held: false }])).toBe('partly');
    expect(findingOf([])).toBe('out-of-scope');
  });
});
