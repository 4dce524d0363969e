/** The command line as a script sees it: exit codes, standard output, standard error, files. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ResultSchema } from '@skewbed/experiments/result-schema.ts';
import Value from 'typebox/value';
import { afterAll, describe, expect, it } from 'vitest';

const DOOR = join(import.meta.dirname, 'skewbed.mjs');
const folder = mkdtempSync(join(tmpdir(), 'skewbed-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const skewbed = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [DOOR, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { code: status, stdout, stderr };
};
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};
const SCENARIO = `scenario: mine
guest: { kernel: xenlinux-2.6.18 }
hosts: { a: { wall: 2008-11-27T08:21:44Z, uptime: 1000000s }, b: { wall: -60s, uptime: 1000002s } }
move: { kind: migrate, from: a, to: b, downtime: 2s }
`;

describe('skewbed run', () => {
  it('passes when a case hangs as it expects to, and leaves a run folder', () => {
    const { code, stdout } = skewbed('run', 't3');
    expect(code).toBe(0);
    expect(stdout).toMatch(/verdict +frozen/);
    for (const name of ['history.jsonl', 'result.json', 'report.html', 'junit.xml'])
      expect(existsSync(join(folder, 'runs/t3-uptime-only/1', name))).toBe(true);
  });

  it('prints with --json one document of the schema, and nothing else', () => {
    const { code, stdout, stderr } = skewbed('run', 'uptime-only', '--json', '--seed', '4', '--out', 'elsewhere');
    expect(code).toBe(0);
    expect([...Value.Errors(ResultSchema, JSON.parse(stdout))]).toEqual([]);
    expect(stderr).toBe('');
    expect(readFileSync(join(folder, 'elsewhere/t3-uptime-only/4/result.json'), 'utf8')).toBe(stdout);
  });

  it('fails when the expectation is not met', () => {
    const name = file('wrong.yaml', `${SCENARIO}expect: { verdict: healthy }\n`);
    const { code, stdout } = skewbed('run', name);
    expect([code, stdout]).toEqual([1, expect.stringContaining('expected healthy, got frozen')]);
  });

  it('passes a confirmed fault that expects nothing', () => {
    expect(skewbed('run', file('mine.yaml', SCENARIO)).code).toBe(0);
  });

  it('takes another kernel, policy or patch', () => {
    const { code, stdout } = skewbed('run', 't1', '--patch', 'reset-monotonic-tv', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'healthy', patches: ['reset-monotonic-tv'] });
  });
});

describe('skewbed run --precopy', () => {
  it('carries the memory live; the case hangs as it expects to, and its history can be run again', () => {
    const { code, stdout } = skewbed('run', 't3', '--precopy', 'qemu', '--out', 'live');
    expect(stdout).toMatch(/move +1 live passes.*verdict +frozen.*outcome +pass/s);
    expect(code).toBe(0);
    const again = skewbed('replay', 'live/t3-uptime-only/1/history.jsonl');
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('live passes')]);
  });
});

describe('what was typed wrong is usage: 254, with the place and the remedy', () => {
  it.each([
    ['no command that there is', ['rnu', 't3'], /unknown command 'rnu'/],
    ['no case that there is', ['run', 't9'], /there is no case 't9'/],
    ['an option that there is not', ['run', 't3', '--sead', '1'], /unknown option '--sead'/],
    ['a testbed that there is not', ['run', 't3', '--on', 'moon'], /Allowed choices are sim, processes/],
    ['a seed that is none', ['run', 't3', '--seed', '-1'], /a seed is a whole number/],
    [
      'a pre-copy that there is not',
      ['run', 't3', '--precopy', 'qmeu'],
      /no pre-copy policy 'qmeu'; did you mean 'qemu'/,
    ],
    ['a scale that is none', ['run', 't3', '--scale', '2'], /write auto, 1, or a fraction such as 1\/1000/],
    ['a limit without a unit', ['run', 't3', '--limit', '60'], /has no unit/],
    ['a patch for another kernel', ['run', 't3', '--patch', 'reset-monotonic-tv'], /does not apply to pvops-2\.6\.35/],
    [
      'a run in real time that is too long',
      ['run', 't3', '--on', 'processes'],
      /real time, and the limit is 1m; add --scale auto/,
    ],
    [
      'a patch that there is not',
      ['matrix', '--patch', 'song-2009'],
      /there is no patch 'song-2009'; did you mean 'song-2008'/,
    ],
    ['no run folder', ['report', 'nowhere'], /nowhere.history\.jsonl cannot be read/],
  ])('%s', (_, args, message) => {
    const { code, stdout, stderr } = skewbed(...args);
    expect(code).toBe(254);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });

  it('a scenario with an unknown key, with line and column', () => {
    const { code, stderr } = skewbed('run', file('typo.yaml', SCENARIO.replace('kernel:', 'kernle:')));
    expect([code, stderr]).toEqual([
      254,
      expect.stringMatching(/typo\.yaml:2:\d+: 'guest' has no key 'kernle'; did you mean 'kernel'/),
    ]);
  });

  it('with --json, a document with the code', () => {
    const { code, stdout } = skewbed('run', 't9', '--json');
    expect(code).toBe(254);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, error: { code: 'not-found' } });
  });
});

describe('from a history', () => {
  it('report makes the same result again, and replay the same run', () => {
    skewbed('run', 't4');
    const kept = join(folder, 'runs/t4-recipe-two-younger/1');
    const read = (name: string) => readFileSync(join(kept, name), 'utf8');
    const [result, history] = [read('result.json'), read('history.jsonl')];
    rmSync(join(kept, 'result.json'));
    expect(skewbed('report', 'runs/t4-recipe-two-younger/1', '--json')).toMatchObject({ code: 0, stdout: result });
    expect(read('result.json')).toBe(result);
    const { replay } = JSON.parse(result) as { replay: string };
    expect(skewbed(...replay.split(' ').slice(1)).code).toBe(0);
    expect(read('history.jsonl')).toBe(history);
  });

  it('a history of another version is refused with its code', () => {
    file('old.jsonl', '{"skewbed":2}\n');
    expect(skewbed('replay', 'old.jsonl')).toMatchObject({
      code: 254,
      stderr: expect.stringContaining('[history-version]'),
    });
  });

  it('a fault that was not confirmed is 2', () => {
    const kept = join(folder, 'runs/t0-control/1');
    skewbed('run', 't0');
    const history = readFileSync(join(kept, 'history.jsonl'), 'utf8');
    writeFileSync(
      join(kept, 'history.jsonl'),
      history
        .split('\n')
        .filter((line) => !line.includes('"kind":"clock-read"'))
        .join('\n'),
    );
    expect(skewbed('report', 'runs/t0-control/1').code).toBe(2);
  });
});

describe('skewbed matrix', () => {
  it('prints with --json the cells that were asked for', () => {
    const { code, stdout } = skewbed(
      'matrix',
      '--case',
      't1',
      '--kernel',
      'xenlinux-2.6.18',
      'pvops-6.12',
      '--patch',
      'reset-monotonic-tv',
      '--json',
    );
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as { schema: number; cells: Record<string, unknown>[] };
    expect(document.schema).toBe(1);
    expect(Object.keys(document.cells[0]!)).toEqual([
      'scenario',
      'kernel',
      'restore',
      'patches',
      'verdict',
      'mechanism',
      'late',
    ]);
    expect(document.cells.map((cell) => cell.verdict)).toEqual(['frozen', 'healthy', 'healthy', 'not-applicable']);
  });
});

describe('the door', () => {
  it('helps, with exit code 0', () => {
    const { code, stdout } = skewbed('--help');
    expect(code).toBe(0);
    for (const command of ['run', 'matrix', 'claims', 'up', 'report', 'replay'])
      expect(stdout).toContain(`  ${command} `);
  });
});
