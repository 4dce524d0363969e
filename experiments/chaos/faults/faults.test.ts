/** What every kind of fault has to have, whatever it does. What one of them does is told beside it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SeededRandom } from '@skewbed/runtime/random.ts';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { FAULT_WEIGHTS } from '../weights.ts';
import { AnyFault, FAULT_NAMES, kindOf } from './index.ts';

const valid = Compile(AnyFault);
const draws = (kind: string) => {
  const random = new SeededRandom(1, kind);
  return Array.from({ length: 200 }, () => kindOf({ kind }).draw(random, { hosts: ['a', 'b', 'c'], atMs: 5000 }));
};

describe.each(FAULT_NAMES)('%s', (kind) => {
  it('has a file, and its own test beside it', () => {
    for (const name of [`${kind}.ts`, `${kind}.test.ts`])
      expect(existsSync(join(import.meta.dirname, name))).toBe(true);
  });

  it('is drawn as its schema says, begins where it is asked to, and has a weight', () => {
    for (const fault of draws(kind)) {
      expect(valid.Check(fault), JSON.stringify(fault)).toBe(true);
      expect(fault).toMatchObject({ kind, atMs: 5000 });
    }
    expect(FAULT_WEIGHTS[kind]).toBeGreaterThan(0);
    expect(new Set(draws(kind).map((fault) => JSON.stringify(fault))).size).toBeGreaterThan(3);
  });

  it('is over when it says so', () => {
    for (const fault of draws(kind)) {
      const of = kindOf(fault);
      expect(of.lastsMs(fault)).toBeLessThanOrEqual(60_000);
      if (of.about !== 'clock') continue;
      const steps = of.steps(fault);
      expect(steps[0]?.atMs).toBe(5000);
      expect(Math.max(...steps.map(({ atMs }) => atMs))).toBeLessThanOrEqual(5000 + of.lastsMs(fault));
    }
  });

  it('lets each of its magnitudes be read and written', () => {
    const [fault] = draws(kind);
    for (const { read, write } of kindOf(fault!).magnitudes) {
      expect(read(write(fault!, 7))).toBe(7);
      expect(valid.Check(write(fault!, 7))).toBe(true);
    }
  });
});

it('a fault that nobody knows is refused', () => {
  expect(() => kindOf({ kind: 'earthquake' })).toThrow(/there is no fault 'earthquake'/);
});
