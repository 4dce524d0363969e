/** Two runs of one schedule, held together. */
import { trueNs } from '@skewbed/proto/units.ts';
import { expect, it } from 'vitest';
import { runChaos } from './chaos-run.ts';
import { told } from './checkers/short-history.ts';
import { oneMove } from './one-move.ts';
import { differences, outcomesOf, tallyOf } from './outcomes.ts';

const schedule = oneMove([{ kind: 'date', atMs: 1000, host: 'a', byMs: 50 }]);
const run = runChaos(schedule);
const between = (other: Parameters<typeof outcomesOf>[0]) =>
  differences({ name: 'sim', outcomes: outcomesOf(run) }, { name: 'processes', outcomes: outcomesOf(other) });

it('counts what a run came to', () => {
  expect(tallyOf(outcomesOf(run))).toEqual({ 'move running': 1, 'date confirmed': 1 });
});

it('finds no difference between a run and itself', () => {
  expect(between(run)).toEqual([]);
});

it('names a move that took another course, a fault that was read back otherwise, and what checkers found', () => {
  const events = [
    told(1, { kind: 'migration', migration: 'm1', domain: 'red', phase: 'preparing' }),
    told(2, { kind: 'migration', migration: 'm1', domain: 'red', phase: 'aborted' }),
    told(3, { kind: 'fault', fault: 'date', number: 0, outcome: 'inconclusive', detail: 'host a died before' }),
  ];
  const violations = [{ checker: 'copies', atNs: 1n, what: 'two' }] as const;
  const lines = between({ schedule, violations, record: { schedule, origin: trueNs(0n), events, journal: [] } });
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(
    /^m1: preparing > suspended > received > committed > .*running \(sim\), preparing > aborted \(processes\)$/,
  );
  expect(lines[1]).toMatch(/^fault 0 \(date\): confirmed, .* \(sim\), inconclusive, host a died before \(processes\)$/);
  expect(lines[2]).toBe('checkers: nothing (sim), copies (processes)');
});

it('names a move that never began', () => {
  const [line] = between({ schedule, violations: [], record: { ...run.record, events: [] } });
  expect(line).toMatch(/never began \(processes\)$/);
});
