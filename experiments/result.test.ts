import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Value from 'typebox/value';
import { afterEach, describe, expect, it } from 'vitest';
import { movedPlan, S, standing, writtenHistory } from './checkers/written-history.ts';
import { jsonText } from './json-text.ts';
import { junitOf } from './junit.ts';
import { judge, judgeFile } from './result.ts';
import { ResultSchema } from './result-schema.ts';
import { remakeRun, writeRun } from './run-folder.ts';
import { headerOf } from './scenario-run.ts';

const FREEZE = 800_000n * S;
const plan = movedPlan({
  uptimeB: '200000s',
  more: 'sleeps: [{ length: 1s, armed: 100s }, { length: 100s, armed: -0s }]\nexpect: { verdict: frozen, mechanism: none, late: 800000s }',
});
const events = writtenHistory(plan, {
  reading: (at, healthy) => ({ dateNs: standing(at, { fromNs: plan.referenceNs, forNs: FREEZE }, 7n, healthy.dateNs) }),
  releases: [plan.referenceNs + FREEZE],
  late: { 'new-sleep': FREEZE, 'old-sleep': null },
});
const run = judge(headerOf(plan), events);

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('a result', () => {
  it('is of the schema that scripts rely on', () => {
    expect([...Value.Errors(ResultSchema, JSON.parse(jsonText(run.result)))]).toEqual([]);
  });

  it('is in seconds, with null for never and a sign for a sleep of before', () => {
    expect(run.result.probes.newSleep).toEqual({ late: 800_000, early: 0 });
    expect(run.result.probes.oldSleep).toEqual({ late: null, early: 0 });
    expect(run.result.probes.date?.stuckFor).toBe(800_000);
    expect(run.result.sleeps).toEqual([
      { length: 1, armed: 100, returnedAfter: 1 },
      { length: 100, armed: -0, returnedAfter: 99.995 },
    ]);
    expect(jsonText(run.result)).toContain('"armed": -0.0');
    expect(run.result.downtime).toEqual({ lo: 2, hi: 2, parts: {} });
  });

  it('passes when the scenario hangs as it expects to', () => {
    expect(run.outcome).toEqual({ outcome: 'pass', problems: [] });
  });

  it('is made again from the text of the history alone, byte for byte', () => {
    const again = judgeFile(run.history, 'history.jsonl');
    expect(jsonText(again.result)).toBe(jsonText(run.result));
    expect(again.history).toBe(run.history);
  });

  it('leaves a missing probe out, and then does not pass: the canary', () => {
    const blind = judge(
      headerOf(plan),
      events.filter((event) => event.kind !== 'probe'),
    );
    expect(blind.result.verdict).toBe('unknown');
    expect(blind.result.probes.date).toBeUndefined();
    expect(blind.outcome).toEqual({ outcome: 'fail', problems: ['expected frozen, got unknown'] });
    expect([...Value.Errors(ResultSchema, JSON.parse(jsonText(blind.result)))]).toEqual([]);
  });

  it('says that the fault was not confirmed before it says anything else', () => {
    expect(
      judge(
        headerOf(plan),
        events.filter((event) => event.kind !== 'clock-read'),
      ).outcome.outcome,
    ).toBe('fault-not-confirmed');
  });
});

describe('a run folder', () => {
  it('holds history, result, report and JUnit file, and makes them again from the history', () => {
    const out = mkdtempSync(join(tmpdir(), 'skewbed-'));
    folders.push(out);
    const folder = writeRun(out, run);
    expect(folder).toBe(join(out, 'written', '1'));
    expect(readdirSync(folder).sort()).toEqual(['history.jsonl', 'junit.xml', 'report.html', 'result.json']);
    const before = readFileSync(join(folder, 'result.json'), 'utf8');
    rmSync(join(folder, 'result.json'));
    remakeRun(folder);
    expect(readFileSync(join(folder, 'result.json'), 'utf8')).toBe(before);
  });
});

describe('a JUnit file', () => {
  it('tells failures from faults that did not take place, and escapes what people write', () => {
    const failing = {
      ...run,
      result: { ...run.result, scenario: '<a&b>' },
      outcome: { outcome: 'fail' as const, problems: ['"late"\u0001'] },
    };
    const broken = {
      ...run,
      outcome: { outcome: 'fault-not-confirmed' as const, problems: ['the fault is mismatch'] },
    };
    const text = junitOf('s', [run, failing, broken]);
    expect(text).toContain('tests="3" failures="1" errors="1"');
    expect(text).toContain('name="&lt;a&amp;b&gt; pvops-2.6.35 fields-2007"');
    expect(text).toContain('message="&quot;late&quot;\ufffd"');
  });
});
