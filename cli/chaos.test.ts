/** skewbed chaos, replay and report --merge as a script or a CI server sees them: exit codes, output, files. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawSchedule } from '@skewbed/experiments/chaos/generator.ts';
import { historiesSum } from '@skewbed/experiments/chaos/histories-sum.ts';
import { keptRun } from '@skewbed/experiments/chaos/kept-run.ts';
import { oneMove } from '@skewbed/experiments/chaos/one-move.ts';
import { replayCode } from '@skewbed/experiments/chaos/replay-code.ts';
import { judgedRun } from '@skewbed/experiments/chaos/verdict.ts';
import { Compile } from 'typebox/compile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const DOOR = join(import.meta.dirname, 'skewbed.mjs');
const SCHEMAS = join(import.meta.dirname, '..', 'docs', 'schemas');
const folder = mkdtempSync(join(tmpdir(), 'skewbed-cli-chaos-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

function skewbedWith(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Ended {
  const { GITHUB_STEP_SUMMARY: _, ...inherited } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [DOOR, ...args], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: { ...inherited, NO_COLOR: '1', ...environment },
  });
  return { code: status, stdout, stderr };
}
const skewbed = (...args: readonly string[]): Ended => skewbedWith({}, ...args);
const read = (...path: readonly string[]): string => readFileSync(join(folder, ...path), 'utf8');
const lastLine = (text: string): string | undefined => text.trimEnd().split('\n').at(-1);
const schema = (name: string) => Compile(JSON.parse(readFileSync(join(SCHEMAS, name), 'utf8')));

/** A bug that some of the first seeds find. */
const BUG = ['--canary', 'abort-loses-guest', '--faults', '14', '--check-determinism', '0'] as const;
const COMMAND = /^npx skewbed replay sb1\.[A-Za-z0-9_-]+$/;

describe('skewbed chaos', { timeout: 180_000 }, () => {
  let failing: Ended;
  beforeAll(() => {
    failing = skewbed('chaos', '--seeds', '7', '--shrink', '1', '--json', '--github', ...BUG, '--out', 'failing');
  }, 180_000);

  it('is 0 when nothing is found, and says how much was tried', () => {
    const { code, stdout, stderr } = skewbed('chaos', '--seeds', '20', '--out', 'calm');
    expect([code, stderr.split('\n').filter((line) => !line.startsWith('chaos '))]).toEqual([0, ['']]);
    expect(stdout).toMatch(/^20 seeds, 0 with findings, \d+ run twice; \d+ seeds a minute, \d+ simulated seconds/);
    expect(read('calm/chaos/report.html')).toContain('No seed found anything.');
    const histories = read('calm/chaos/histories.txt').trimEnd().split('\n');
    expect(histories.map((line) => line.split(' ')[0])).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 1)));
    const hashes = histories
      .map((line) => line.split(' '))
      .map(([seed, hash]) => ({ seed: Number(seed), hash: hash! }));
    expect(historiesSum(hashes)).toBe(JSON.parse(read('calm/chaos/result.json')).historiesSum);
  });

  it('is 1 when something is found; standard output is one document of the published schema', () => {
    expect(failing.code).toBe(1);
    const result = JSON.parse(failing.stdout);
    expect([...schema('chaos-campaign.schema.json').Errors(result)]).toEqual([]);
    expect(result).toMatchObject({ of: 7, seeds: 7, canary: 'abort-loses-guest', faults: 14 });
    expect(read('failing/chaos/result.json')).toBe(failing.stdout);
    for (const { replay } of result.failures) expect(replay).toMatch(COMMAND);
  });

  it('ends each failure with the command that repeats it: in JUnit, in the page, in the text', () => {
    const [first] = JSON.parse(failing.stdout).failures;
    const [, text] = /<failure message="[^"]*">([^<]*)<\/failure>/.exec(read('failing/chaos/junit.xml')) ?? [];
    expect(lastLine(text ?? '')).toBe(first.replay);
    const [, article] = /<article[^>]*>([\s\S]*?)<\/article>/.exec(read('failing/chaos/report.html')) ?? [];
    expect(article?.trim().endsWith(`<code>${first.replay}</code></pre>`)).toBe(true);
    const { code, stdout } = skewbed('report', 'failing/chaos');
    expect(code).toBe(1);
    expect(lastLine(stdout)).toMatch(COMMAND);
    const failures = stdout.trimEnd().split('\n\n').slice(1);
    expect(failures).toHaveLength(JSON.parse(failing.stdout).failures.length);
    for (const failure of failures) expect(lastLine(failure)).toMatch(COMMAND);
  });

  it('keeps the smallest run of a failure with its own page', () => {
    const [{ seed }] = JSON.parse(failing.stdout).failures;
    expect(readdirSync(join(folder, 'failing/chaos/seeds'))).toEqual([String(seed)]);
    expect(read(`failing/chaos/seeds/${seed}/report.html`)).toContain(`<h1>Seed ${seed}</h1>`);
    expect(read('failing/chaos/report.html')).toContain(`href="seeds/${seed}/report.html"`);
  });

  it('writes its summary where GitHub wants it, and beside JSON to standard error where GitHub wants none', () => {
    expect(failing.stderr).toContain('### skewbed chaos: ');
    writeFileSync(join(folder, 'summary.md'), 'what was there before\n');
    const args = ['report', '--merge', 'failing/chaos/result.json', '--github', '--out', 'again'];
    const { stdout } = skewbedWith({ GITHUB_STEP_SUMMARY: join(folder, 'summary.md') }, ...args);
    const [before, head] = read('summary.md').split('\n');
    expect([before, head]).toEqual([
      'what was there before',
      expect.stringMatching(/^### skewbed chaos: \d seeds? with/),
    ]);
    expect(read('summary.md')).toContain(JSON.parse(failing.stdout).failures[0].replay);
    expect(stdout).not.toContain('###');
    expect(skewbed(...args).stdout).toContain('### skewbed chaos: ');
  });

  it('is 2 when it was blind: nothing was confirmed', () => {
    const { code, stdout } = skewbed('chaos', '--seeds', '20', '--faults', '0', '--check-determinism', '0');
    expect([code, stdout]).toEqual([2, expect.stringContaining('blind: no fault of any seed was confirmed')]);
  });

  it('that looks for a hang is 0 when it has found one', () => {
    const { code, stdout } = skewbed(
      ...['chaos', '--find', 'hang', '--kernel', 'pvops-2.6.35', '--seeds', '24', '--stop-at-first', '--shrink', '1'],
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/smallest that still does it: .*\[uptime\] = \d+ ms/);
    expect(lastLine(stdout)).toMatch(COMMAND);
  });

  it.each([
    ['a number that is none', ['--seeds', 'many'], /write a whole number/],
    ['a kernel that there is not', ['--kernel', 'xenlinux-2.6.19'], /xenlinux-2\.6\.18/],
    ['a canary that there is not', ['--canary', 'parrot'], /there is no canary 'parrot'/],
    ['a part that there is not', ['--shard', '5/4'], /write i\/n/],
    ['a thing to find that there is not', ['--find', 'happiness'], /Allowed choices are hang/],
  ])('%s is 254', (_, args, message) => {
    const { code, stdout, stderr } = skewbed('chaos', '--seeds', '1', ...args);
    expect([code, stdout, stderr]).toEqual([254, '', expect.stringMatching(message)]);
  });

  it('is 255 when it cannot keep what it has found: with its stack, and with --json a document', () => {
    writeFileSync(join(folder, 'a-file'), '');
    const { code, stdout, stderr } = skewbed('chaos', '--seeds', '1', '--out', 'a-file/x', '--json');
    expect(code).toBe(255);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, error: { code: 'crash' } });
    expect(stderr).toContain('ENOTDIR');
  });
});

describe('skewbed report --merge', { timeout: 180_000 }, () => {
  const campaign = ['chaos', '--seeds', '7', '--shrink', '1', '--workers', '1', '--json', ...BUG] as const;

  it('makes one result of all shards, which is that of one machine but for the time; a missing one is noticed', () => {
    const withoutTime = ({ stdout }: Ended) => ({ ...JSON.parse(stdout), seconds: 0 });
    const whole = skewbed(...campaign, '--shrink', '0', '--out', 'whole');
    for (const index of [1, 2, 3])
      writeFileSync(
        join(folder, `${index}.json`),
        skewbed(...campaign, '--shrink', '0', '--shard', `${index}/3`, '--out', `part-${index}`).stdout,
      );
    const merged = skewbed('report', '--merge', '1.json', '2.json', '3.json', '--json', '--out', 'merged');
    expect(merged.code).toBe(1);
    expect(withoutTime(merged)).toEqual(withoutTime(whole));
    expect([...schema('chaos-campaign.schema.json').Errors(JSON.parse(merged.stdout))]).toEqual([]);
    expect(read('merged/chaos/junit.xml')).toContain('tests="7"');

    const refused = (...files: string[]) => {
      const { code, stdout, stderr } = skewbed('report', '--merge', ...files);
      return [code, stdout, stderr];
    };
    expect(refused('1.json', '3.json')).toEqual([254, '', expect.stringContaining('shard 2/3 of 3 is missing')]);
    expect(refused('1.json', '1.json', '2.json')).toEqual([254, '', expect.stringContaining('is there twice')]);
    expect(refused('1.json', 'none.json')).toEqual([254, '', expect.stringContaining('none.json cannot be read')]);
  });
});

describe('skewbed replay', { timeout: 120_000 }, () => {
  const FILES = ['history.jsonl', 'journal.jsonl', 'report.html', 'result.json', 'schedule.json'];
  const schedule = drawSchedule(12);
  const replayed = (out: string, code: string): readonly string[] => {
    const { code: exit, stdout } = skewbed('replay', code, '--out', out);
    expect(exit).toBe(0);
    const kept = /kept in (.*)/.exec(stdout)?.[1] ?? '';
    expect(readdirSync(join(folder, kept)).sort()).toEqual(FILES);
    return FILES.map((name) => read(kept, name));
  };

  it('gives the same bytes in every process from one code, and others from another', () => {
    const one = replayed('one', replayCode(schedule));
    expect(replayed('two', replayCode(schedule))).toEqual(one);
    // A third process: this one.
    const { run, verdict } = judgedRun(schedule, 'once');
    expect(keptRun(run, verdict.violations).history).toBe(one[0]);
    const other = replayed('three', replayCode({ ...schedule, seed: schedule.seed + 1 }));
    expect(other[0]).not.toBe(one[0]);
  });

  const failing = (seed: number): string =>
    replayCode(
      oneMove([{ kind: 'corruption', atMs: 4000, host: 'a', frame: 1, waitsMs: 10_000 }], {
        seed,
        canary: 'abort-loses-guest',
      }),
    );

  it('of a failure is 1, and its last line is the command that was typed', () => {
    const { code, stdout } = skewbed('replay', failing(1));
    expect(code).toBe(1);
    expect(lastLine(stdout)).toBe(`npx skewbed replay ${failing(1)}`);
    const json = skewbed('replay', failing(1), '--json');
    expect(json.code).toBe(1);
    expect([...schema('chaos-replay.schema.json').Errors(JSON.parse(json.stdout))]).toEqual([]);
    expect(JSON.parse(json.stdout)).toMatchObject({ violations: [{ checker: 'copies' }, { checker: 'journal' }] });
  });

  it('takes a JUnit file, a page, a folder, a history: the first failure in it, or that of --seed', () => {
    writeFileSync(join(folder, 'junit.xml'), `<failure>npx skewbed replay ${failing(3)}</failure>${failing(4)}`);
    const seedOf = (...args: string[]) => JSON.parse(skewbed('replay', ...args, '--json', '--out', 'r').stdout).seed;
    expect(seedOf('junit.xml')).toBe(3);
    expect(seedOf('junit.xml', '--seed', '4')).toBe(4);
    const [kept = ''] = readdirSync(join(folder, 'r/chaos'));
    const seeds = ['', '/history.jsonl', '/report.html', '/result.json', '/schedule.json'].map((name) =>
      seedOf(`r/chaos/${kept}${name}`),
    );
    expect(new Set(seeds).size).toBe(1);
    expect(skewbed('replay', 'junit.xml', '--seed', '9')).toMatchObject({
      code: 254,
      stderr: expect.stringContaining('it has those of 3, 4'),
    });
  });

  it('of a code that is cut off is 254', () => {
    expect(skewbed('replay', failing(1).slice(0, 60))).toMatchObject({
      code: 254,
      stderr: expect.stringContaining('the replay code is damaged'),
    });
  });
});
