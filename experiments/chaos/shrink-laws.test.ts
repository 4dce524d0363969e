/** What shrinking owes to every schedule, whatever it fails by: with failures that fast-check makes up. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fault } from './faults/index.ts';
import { drawSchedule } from './generator.ts';
import { codesIn, readReplayCode, replayCode } from './replay-code.ts';
import type { Schedule } from './schedule.ts';
import { shrink } from './shrink.ts';

const FAULTS = 40;
const seeds = fc.nat({ max: 100_000 });

/** A fault by what shrinking leaves alone. */
const nameOf = (fault: Fault): string => `${fault.kind} ${'host' in fault ? fault.host : fault.process}`;

describe('shrinking', () => {
  it('leaves exactly the faults that are needed, however many there were and wherever they stood', () => {
    const needed = fc.uniqueArray(fc.nat({ max: FAULTS - 1 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(seeds, needed, (seed, indexes) => {
        const found = drawSchedule(seed, { faults: FAULTS });
        const wanted = new Map<string, number>();
        for (const index of indexes) {
          const name = nameOf(found.faults[index]!);
          wanted.set(name, (wanted.get(name) ?? 0) + 1);
        }
        const fails = ({ faults }: Schedule): boolean =>
          [...wanted].every(([name, times]) => faults.filter((fault) => nameOf(fault) === name).length >= times);
        const { schedule, runs } = shrink(found, fails);
        expect(fails(schedule)).toBe(true);
        expect(schedule.faults).toHaveLength(indexes.length);
        expect([schedule.guests, schedule.moves]).toEqual([[], []]);
        expect(runs).toBeLessThan(600);
      }),
      { numRuns: 60 },
    );
  });

  it('finds a threshold to the millisecond, on either side of zero', () => {
    const limit = fc.integer({ min: 1, max: 288_000 });
    fc.assert(
      fc.property(seeds, limit, fc.boolean(), (seed, ms, back) => {
        const byMs = back ? -288_000 : 288_000;
        const date = { kind: 'date', atMs: 5000, host: 'a', byMs } as const;
        const found = { ...drawSchedule(seed), faults: [date] };
        const { thresholds } = shrink(found, ({ faults }) =>
          faults.some((fault) => fault.kind === 'date' && (back ? fault.byMs <= -ms : fault.byMs >= ms)),
        );
        expect(thresholds.filter(({ clock }) => clock === 'wall')).toContainEqual({
          of: 'step of fault 0 (date)',
          clock: 'wall',
          value: back ? -ms : ms,
          unit: 'ms',
        });
      }),
      { numRuns: 60 },
    );
  });

  it('of something that fails whatever one does leaves nothing', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { schedule } = shrink(drawSchedule(seed), () => true);
        expect([schedule.faults, schedule.moves, schedule.guests]).toEqual([[], [], []]);
        expect(schedule.hosts).toHaveLength(1);
      }),
      { numRuns: 20 },
    );
  });
});

it('every schedule comes back from its code, also out of the middle of a text', () => {
  fc.assert(
    fc.property(seeds, fc.nat({ max: 100 }), (seed, faults) => {
      const schedule = drawSchedule(seed, { faults });
      const [code] = codesIn(`npx skewbed replay ${replayCode(schedule)}\n`);
      expect(readReplayCode(code!)).toEqual(schedule);
    }),
    { numRuns: 50 },
  );
});
