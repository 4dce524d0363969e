/** What is kept of a run, and what is made of it again, on a real folder. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { keptRun, readKeptRun, remakeKeptRun, resultOf, writeKeptRun } from './kept-run.ts';
import { tried } from './one-move.ts';

const root = mkdtempSync(join(tmpdir(), 'skewbed-kept-'));
afterAll(() => rmSync(root, { recursive: true }));

const CORRUPTION = { kind: 'corruption', atMs: 4000, host: 'a', frame: 1, waitsMs: 10_000 } as const;
const { run } = tried([CORRUPTION], { canary: 'abort-loses-guest' });
const kept = keptRun(run, run.violations);

function written(name: string): string {
  const folder = join(root, name);
  writeKeptRun(folder, kept);
  return folder;
}
const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');

describe('a kept run', () => {
  it('is judged from its history and journal as it was when it ran', () => {
    const again = readKeptRun(written('one'));
    expect(again.violations).toEqual(kept.violations);
    expect(again.violations.map(({ checker }) => checker)).toEqual(['copies', 'journal']);
    expect(again.record.origin).toBe(run.record.origin);
    expect(again.historySha256).toBe(kept.historySha256);
  });

  it('can be made again from history and journal, byte for byte', () => {
    const folder = written('two');
    const names = readdirSync(folder).sort();
    expect(names).toEqual(['history.jsonl', 'journal.jsonl', 'report.html', 'result.json', 'schedule.json']);
    const before = names.map((name) => read(folder, name));
    for (const name of ['report.html', 'schedule.json']) rmSync(join(folder, name));
    remakeKeptRun(folder);
    expect(names.map((name) => read(folder, name))).toEqual(before);
  });

  it('sees what is wrong with a history that was changed: canary', () => {
    const folder = written('three');
    const lines = read(folder, 'history.jsonl').split('\n');
    // The source goes on after its abort, as if nothing had been wrong with it.
    const undone = lines.map((line) => line.replace('"kind":"domain-destroyed"', '"kind":"guest-suspended"'));
    writeFileSync(
      join(folder, 'history.jsonl'),
      undone.map((line) => line.replace(/,"why":"migrated[^"]*"/, '')).join('\n'),
    );
    expect(readKeptRun(folder).violations.map(({ what }) => what)).toContain(
      'red is paused on a at the end, and no machine died with it',
    );
  });

  it('keeps what only a second run shows', () => {
    const folder = join(root, 'four');
    const difference = { checker: 'determinism', atNs: 5_000_000_000n, what: 'the second run differs' } as const;
    writeKeptRun(folder, keptRun(run, [difference]));
    expect(readKeptRun(folder).violations[0]).toEqual(difference);
  });

  it('without a journal is judged by everything else', () => {
    const folder = written('five');
    rmSync(join(folder, 'journal.jsonl'));
    expect(readKeptRun(folder).violations.map(({ checker }) => checker)).toEqual(['copies']);
  });

  it('tells its result with the command that repeats it', () => {
    expect(resultOf(kept)).toMatchObject({
      kind: 'chaos-replay',
      seed: 1,
      violations: [{ checker: 'copies' }, { checker: 'journal' }],
      replay: expect.stringMatching(/^npx skewbed replay sb1\./),
    });
  });

  it('of real nodes is told by its result, for its history has gaps, and is repeated there', () => {
    const folder = join(root, 'real');
    const [first] = run.violations;
    writeKeptRun(folder, keptRun(run, [first!], 'processes'));
    const again = readKeptRun(folder);
    expect(again.header.testbed).toBe('processes');
    expect(again.violations).toEqual([first]);
    expect(again.replay).toMatch(/^npx skewbed replay sb1\.[\w-]+ --on processes$/);
    expect(read(folder, 'report.html')).toContain('on real nodes (processes)');
  });

  it('that is none is refused', () => {
    expect(() => readKeptRun(join(root, 'nowhere'))).toThrow(/history\.jsonl cannot be read \(ENOENT\)/);
    const folder = written('six');
    writeFileSync(join(folder, 'result.json'), '{"schema":1}');
    expect(() => readKeptRun(folder)).toThrow(/result\.json: .*give what skewbed replay left/);
  });
});
