/**
 * skewbed up (npm start): the main job. Starts a coordinator and two nodes as processes, tells the story run by run, and
 * ends with a table, an index page of the reports, and the commands to look deeper.
 */
import { join } from 'node:path';
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { type JudgedRun, judge } from '@skewbed/experiments/result.ts';
import { writeRun, writeSuite } from '@skewbed/experiments/run-folder.ts';
import { STORY_SCALE, type StoryRun, story } from '@skewbed/experiments/story.ts';
import { openProcesses, type ProcessTestbed } from '@skewbed/experiments/testbeds/processes.ts';
import { DEFAULT_LIMIT_NS, planTrial } from '@skewbed/experiments/trial.ts';
import { progressBar } from '../progress.ts';
import { lengthText, say, styled, table, verdictText } from '../terminal.ts';

/** A busy machine may spoil a run's proof; then the run is done once more. */
const ATTEMPTS = 2;

type Told = { readonly run: StoryRun; readonly judged: JudgedRun };

/** Tells the story. */
export async function up({ out, json }: { readonly out: string; readonly json?: true }): Promise<number> {
  const print = json ? () => {} : say;
  print(styled('bold', 'Skewbed: the clock-goes-backward hang, on two hypervisor nodes of this machine'));
  print(
    `Skews are scaled by ${STORY_SCALE}: ten minutes become two seconds. Every freeze is seen by programs inside the guest.`,
  );
  const testbed = await openProcesses(['a', 'b']);
  try {
    watchHint(testbed, print);
    const told = await tell(testbed, { out, print });
    const code = worstOf(told);
    if (json)
      process.stdout.write(
        jsonText({ schema: 1, pass: code === EXIT.pass, runs: told.map(({ judged }) => judged.result) }),
      );
    else printEnd(told, out);
    return code;
  } finally {
    await testbed.close();
  }
}

async function tell(
  testbed: ProcessTestbed,
  { out, print }: { out: string; print: (line?: string) => void },
): Promise<readonly Told[]> {
  const chapters = story();
  const all = chapters.reduce((sum, chapter) => sum + chapter.runs.length, 0);
  const told: Told[] = [];
  for (const [index, chapter] of chapters.entries()) {
    print();
    print(styled('bold', `${index + 1}. ${chapter.title}`));
    for (const line of wrapped(chapter.text)) print(`   ${line}`);
    for (const run of chapter.runs) {
      const judged = await runOnce(testbed, run, told.length / all);
      writeRun(out, judged);
      told.push({ run, judged });
      print(`   ${lineOf(run, judged)}`);
      if (judged.outcome.outcome !== 'pass')
        for (const reason of judged.reasons) print(styled('dim', `     ${reason}`));
    }
  }
  return told;
}

async function runOnce(testbed: ProcessTestbed, run: StoryRun, before: number): Promise<JudgedRun> {
  const plan = planTrial(run.scenario, {
    testbed: 'processes',
    seed: 1,
    scale: STORY_SCALE,
    limitNs: DEFAULT_LIMIT_NS,
  });
  for (let attempt = 1; ; attempt += 1) {
    const bar = progressBar('  ');
    bar.update(before, run.label);
    let judged: JudgedRun;
    try {
      const { header, events } = await testbed.run(plan);
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

function printEnd(told: readonly Told[], out: string): void {
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
  const page = writeSuite(
    out,
    told.map(({ judged }) => judged),
  );
  say();
  say(`report       ${page}`);
  say(`one run      ${join(out, 'story-one', '1', 'report.html')}`);
  say('full size    npx skewbed run t1           (570 s of freeze, in the simulator, at once)');
  say('every fix    npx skewbed matrix           (every case, kernel, patch and policy)');
  say('who was right  npx skewbed claims');
}

/** On standard error, where no report or log keeps the token. */
/** The token stands in a file, so that the line can be copied from any log and tells nothing. */
function watchHint({ coordinatorUrl, tokenFile }: ProcessTestbed, print: (line?: string) => void): void {
  print('Watch it from a second terminal:');
  print(`  curl -N -H "Authorization: Bearer $(cat ${tokenFile})" ${coordinatorUrl}/v1/watch`);
}

function worstOf(told: readonly Told[]): number {
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
