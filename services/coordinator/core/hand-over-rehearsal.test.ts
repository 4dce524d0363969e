import { expect, it } from 'vitest';
import { rehearseHandOver } from './hand-over-rehearsal.ts';

it('a rehearsal brings each hand-over to its end, and would say so if it had not', () => {
  expect(rehearseHandOver(3)).toBe(3);
});
