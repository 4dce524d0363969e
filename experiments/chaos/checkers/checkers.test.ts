/** What every checker has to have. What one of them sees is told beside it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKER_NAMES } from './checker.ts';
import { hang } from './hang.ts';
import { CHECKERS } from './index.ts';

describe.each([...CHECKERS, hang].map(({ name }) => name))('%s', (name) => {
  it('has a file, and its own test beside it', () => {
    for (const file of [`${name}.ts`, `${name}.test.ts`])
      expect(existsSync(join(import.meta.dirname, file)), file).toBe(true);
  });
});

it('those without a file look at the run, not at its history', () => {
  const names = new Set<string>([...CHECKERS, hang].map(({ name }) => name));
  expect(CHECKER_NAMES.filter((name) => !names.has(name))).toEqual(['liveness', 'crash', 'determinism']);
});
