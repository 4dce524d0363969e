import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { drawSchedule } from './generator.ts';
import { oneMove } from './one-move.ts';
import { codesIn, replayCode, replayCommand } from './replay-code.ts';
import { scheduleIn } from './replayable.ts';

const root = mkdtempSync(join(tmpdir(), 'skewbed-replayable-'));
afterAll(() => rmSync(root, { recursive: true }));
const file = (name: string, text: string): string => {
  const path = join(root, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
};

const [three, five] = [drawSchedule(3), drawSchedule(5)];
const twoFailures = `<failure>seed 3\n${replayCommand(three)}</failure><failure>seed 5\n${replayCommand(five)}</failure>`;

describe('the schedule in', () => {
  it('a JUnit file, a page or a log: the first, or that of the seed', () => {
    for (const name of ['junit.xml', 'report.html', 'log.txt']) {
      const path = file(name, twoFailures);
      expect(scheduleIn(path)).toEqual(three);
      expect(scheduleIn(path, 5)).toEqual(five);
    }
  });

  it('the result of a campaign, or its folder', () => {
    const path = file(
      'chaos/result.json',
      JSON.stringify({ kind: 'chaos', faults: null, failures: [replayCommand(five)] }),
    );
    expect(scheduleIn(path)).toEqual(five);
    expect(scheduleIn(join(root, 'chaos'))).toEqual(five);
  });

  it('a schedule by itself, a result of a replay, a file of regressions/', () => {
    expect(scheduleIn(file('schedule.json', JSON.stringify(three)))).toEqual(three);
    expect(scheduleIn(file('result.json', JSON.stringify({ kind: 'chaos-replay', schedule: three })))).toEqual(three);
    expect(scheduleIn(file('died.json', JSON.stringify({ was: 'A bug.', schedule: three })))).toEqual(three);
  });

  it('the history of a chaos run; that of a scenario is none', () => {
    const head = (plan: unknown) =>
      `${JSON.stringify({ skewbed: 1, scenario: 'chaos', testbed: 'sim', seed: 1, scale: 1, plan })}\n`;
    expect(scheduleIn(file('run/history.jsonl', head(oneMove([]))))).toEqual(oneMove([]));
    expect(scheduleIn(join(root, 'run'))).toEqual(oneMove([]));
    expect(scheduleIn(file('other/history.jsonl', head({ scenario: 'chaos' })))).toBeNull();
    expect(scheduleIn(join(root, 'nowhere-at-all.jsonl'))).toBeNull();
  });

  it.each([
    [
      'a seed that did not fail',
      () => scheduleIn(file('a.xml', twoFailures), 4),
      /no failure of seed 4; it has those of 3, 5/,
    ],
    ['a campaign that found nothing', () => scheduleIn(file('b.xml', '<testsuites/>')), /nothing was found/],
    ['no file', () => scheduleIn(join(root, 'c.xml')), /cannot be read \(ENOENT\)/],
    ['JSON that is none', () => scheduleIn(file('d.json', '{')), /is no JSON/],
    ['a code that was cut off', () => scheduleIn(file('e.txt', replayCode(three).slice(0, 80))), /damaged/],
  ])('%s is said', (_, read, message) => {
    expect(read).toThrow(message);
  });
});

it('codes are found in a text in their order, each once', () => {
  const [one, other] = [replayCode(three), replayCode(five)];
  expect(codesIn(`x ${one}\n${other}. "${one}"</pre>`)).toEqual([one, other]);
  expect(codesIn('sb1.short, usb1.abcdefghijklmnopqrstuvw')).toEqual([]);
});
