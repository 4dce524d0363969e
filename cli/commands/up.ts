/**
 * skewbed up (npm start): the main job. Starts a coordinator and two nodes as processes, tells the story run by run, and
 * ends with a table, an index page of the reports, and the commands to look deeper.
 */
import { join } from 'node:path';
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { writeSuite } from '@skewbed/experiments/run-folder.ts';
import { STORY_SCALE, story } from '@skewbed/experiments/story.ts';
import { openProcesses, type ProcessTestbed } from '@skewbed/experiments/testbeds/processes.ts';
import { printTable, type Told, type ToldChapter, tell, worstOf } from '../telling.ts';
import { say, styled } from '../terminal.ts';

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
    const told = await tell(testbed, chapters(), { seed: 1, out, print });
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

/** The story with the scale that all its runs have. */
const chapters = (): readonly ToldChapter[] =>
  story().map((chapter) => ({ ...chapter, scaleOf: () => ({ scale: STORY_SCALE }) }));

function printEnd(told: readonly Told[], out: string): void {
  printTable(told);
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

/** The token stands in a file, so that the line can be copied from any log and tells nothing. */
function watchHint({ coordinatorUrl, tokenFile }: ProcessTestbed, print: (line?: string) => void): void {
  print('Watch it from a second terminal:');
  print(`  curl -N -H "Authorization: Bearer $(cat ${tokenFile})" ${coordinatorUrl}/v1/watch`);
}
