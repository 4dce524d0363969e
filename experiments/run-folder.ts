/**
 * What a run leaves: runs/<scenario>/<seed>/ with the history, and what can be made again from it: result, report and
 * JUnit file. The history is written first, so that a crash while reporting loses nothing.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { secondsOf } from '@skewbed/proto/units.ts';
import { jsonText } from './json-text.ts';
import { junitOf } from './junit.ts';
import { renderReport } from './report/report.ts';
import { renderSuite } from './report/suite.ts';
import { type JudgedRun, judgeFile } from './result.ts';

/** Where a run is kept, under the folder that the user chose. */
export const runFolder = (out: string, { header }: Pick<JudgedRun, 'header'>): string =>
  join(out, header.scenario, String(header.seed));

/** Writes everything of a run into its folder, and gives the folder. */
export function writeRun(out: string, run: JudgedRun): string {
  const folder = runFolder(out, run);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'history.jsonl'), run.history);
  writeDerived(folder, run);
  return folder;
}

/** Writes the index page and the JUnit file of several runs which are kept under one folder, and gives the page. */
export function writeSuite(out: string, runs: readonly JudgedRun[]): string {
  mkdirSync(out, { recursive: true });
  const rows = runs.map(({ header, result, late, outcome }) => ({
    scenario: result.scenario,
    kernel: result.kernel,
    restore: result.restore,
    patches: result.patches,
    verdict: result.verdict,
    mechanism: result.mechanism,
    late: late === null || late === 'never' ? null : secondsOf(late),
    passed: outcome.outcome === 'pass',
    report: `${header.scenario}/${header.seed}/report.html`,
  }));
  const page = join(out, 'index.html');
  writeFileSync(page, renderSuite(rows));
  writeFileSync(join(out, 'junit.xml'), junitOf('skewbed', runs));
  return page;
}

/** Makes result, report and JUnit file of a run folder again from its history. */
export function remakeRun(folder: string): JudgedRun {
  const run = readRun(join(folder, 'history.jsonl'));
  writeDerived(folder, run);
  return run;
}

/** Reads and judges a history file. */
export function readRun(file: string): JudgedRun {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SkewbedError(
      'not-found',
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code}); give a run folder or its history.jsonl`,
      file,
    );
  }
  return judgeFile(text, file);
}

function writeDerived(folder: string, run: JudgedRun): void {
  const { header, events, result } = run;
  writeFileSync(join(folder, 'result.json'), jsonText(result));
  writeFileSync(join(folder, 'junit.xml'), junitOf(header.scenario, [run]));
  writeFileSync(join(folder, 'report.html'), renderReport({ header, events, result }));
}
