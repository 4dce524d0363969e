/** docs/experiments.md says what the runs show today. `npm run docs` writes it again. */
import { readFileSync } from 'node:fs';
import { experimentsPage } from '@skewbed/experiments/experiments-page.ts';
import { expect, it } from 'vitest';

it('docs/experiments.md is what the matrix and the claims show', async () => {
  expect(await experimentsPage()).toBe(readFileSync(new URL('./experiments.md', import.meta.url), 'utf8'));
});
