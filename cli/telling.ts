/**
 * Tells chapters of runs: each run is done on a testbed, judged, kept, and said in a line; then all of them are a table.
 * Used by `up` on processes of its own and by `testbed` on containers that are there.
 */
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import type { Plan } from '@skewbed/experiments/plan.ts';
import { type JudgedRun, judge } from '@skewbed/experiments/result.ts';
import { writeRun } from '@skewbed/experiments/run-folder.ts';
import type { Scenario } from '@skewbed/experiments/scenarios/scenario.ts';
import type { Chapter, StoryRun } from '@skewbed/experiments/story.ts';
import { DEFAULT_LIMIT_NS, planTrial, type Testbed } from '@skewbed/experiments/trial.ts';
import type { DurationNs } from '@skewbed/proto/units.ts';
import { progressBar } from './progress.ts';
import { lengthText, say, styled, table, verdictText } from './terminal.ts';

/** A busy machine may spoil a run's proof; then the run is done once more. */
const ATTEMPTS = 2;

export type Told = { readonly run: StoryRun; readonly judged: JudgedRun };
/** A chapter with the scale of its runs (without one they are not scaled), and what runs them if not the testbed. */
export type ToldChapter = Chapter & {
  readonly scaleOf?: (scenario: Scenario) => RealScale;
  readonly on?: Testbed['run'];
};
/** What a run in real time is scaled by, and how long it may take then. */
export type RealScale = { readonly scale: string; readonly limitNs?: DurationNs };
export type Telling = { readonly seed: number; readonly out: string; readonly print: (line?: string) => void };

/** Runs the chapters one by one, keeps every run under `out`, and says what each showed. */
export async function tell(
  testbed: Testbed,
  chapters: readonly ToldChapter[],
  options: Telling,
): Promise<readonly Told[]> {
  const { out, print } = options;
  const all = chapters.reduce((sum, chapter) => sum + chapter.runs.length, 0);
  const told: Told[] = [];
  for (const [index, chapter] of chapters.entries()) {
    print();
    print(styled('bold', `${index + 1}. ${chapter.title}`));
    for (const line of wrapped(chapter.text)) print(`   ${line}`);
    for (const run of chapter.runs) {
      const judged = await runOnce(
        chapter.on ?? testbed.run,
        planOf(testbed, run, { ...options, ...chapter }),
        told.length / all,
      );
      writeRun(out, judged);
      told.push({ run, judged });
      print(`   ${countOf(told.length, all)} ${lineOf(run, judged)}`);
      if (judged.outcome.outcome !== 'pass')
        for (const reason of judged.reasons) print(styled('dim', `     ${reason}`));
    }
  }
  return told;
}

function planOf(testbed: Testbed, { scenario }: StoryRun, { seed, scaleOf }: Telling & ToldChapter): Plan {
  return planTrial(scenario, { testbed: testbed.name, seed, limitNs: DEFAULT_LIMIT_NS, ...scaleOf?.(scenario) });
}

async function runOnce(runPlan: Testbed['run'], plan: Plan, before: number): Promise<JudgedRun> {
  for (let attempt = 1; ; attempt += 1) {
    const bar = progressBar('  ');
    bar.update(before, plan.scenario.scenario);
    let judged: JudgedRun;
    try {
      const { header, events } = await runPlan(plan);
      judged = judge(header, events);
    } finally {
      bar.stop();
    }
    if (judged.result.fault !== 'inconclusive' || attempt === ATTEMPTS) return judged;
  }
}

function lineOf({ label }: StoryRun, { result, outcome }: JudgedRun): string {
  const mark = outcome.outcome === 'pass' ? styled('green', '✓') : styled('red', '✗');
  const stuck = result.probes.date?.stuckFor ?? null;
  const freeze =
    result.verdict === 'frozen' ? `: ${result.mechanism}, the date stood still for ${lengthText(stuck)}` : '';
  return `${mark} ${label} (${result.kernel}): ${verdictText(result.verdict)}${freeze}`;
}

/** Every run as a row. */
export function printTable(told: readonly Told[]): void {
  say();
  say(
    table(
      ['run', 'kernel', 'fix', 'verdict', 'mechanism', 'sleep(1) late', 'date stood', 'as told'],
      told.map(({ run, judged: { result, outcome } }) => [
        run.label,
        result.kernel,
        [...(result.restore === 'fields-2007' ? [] : [result.restore]), ...result.patches].join(' ') || '-',
        verdictText(result.verdict),
        result.mechanism,
        lengthText(result.probes.newSleep?.late ?? null),
        lengthText(result.probes.date?.stuckFor ?? null),
        outcome.outcome === 'pass' ? 'yes' : outcome.outcome,
      ]),
    ),
  );
}

/** ' 3/13' */
const countOf = (done: number, all: number): string =>
  styled('dim', `${String(done).padStart(String(all).length)}/${all}`);

/** The exit code of all runs together. */
export function worstOf(told: readonly Told[]): number {
  const outcomes = told.map(({ judged }) => judged.outcome.outcome);
  if (outcomes.includes('fail')) return EXIT.fail;
  return outcomes.includes('fault-not-confirmed') ? EXIT['fault-not-confirmed'] : EXIT.pass;
}

const LINE_WIDTH = 100;

function wrapped(text: string): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line.length + word.length < LINE_WIDTH) lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
