/** skewbed claims: who was right in the thread, found out by running it. */
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { CLAIMS } from '@skewbed/experiments/claims/all-claims.ts';
import { type ClaimShown, testClaim } from '@skewbed/experiments/claims/claim-test.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { hintAmong } from '@skewbed/experiments/scenarios/closest-name.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { type TestbedOptions, trialOptions } from '../options.ts';
import { progressBar } from '../progress.ts';
import { lengthText, say, styled, table } from '../terminal.ts';
import { withTestbed } from '../testbed.ts';

/** Puts one claim, or all of them, to the test. */
export async function claims(name: string | undefined, options: TestbedOptions): Promise<number> {
  const names = CLAIMS.map((claim) => claim.name);
  const chosen = CLAIMS.filter((claim) => name === undefined || claim.name === name);
  if (chosen.length === 0)
    throw new SkewbedError('not-found', `there is no claim '${name}'${hintAmong(name ?? '', names)}`);
  const bar = progressBar('claims');
  const shown: ClaimShown[] = [];
  try {
    await withTestbed(options.on, ['a', 'b'], async (testbed) => {
      for (const claim of chosen) {
        bar.update(shown.length / chosen.length, claim.name);
        shown.push(await testClaim(claim, testbed, trialOptions(options)));
      }
    });
  } finally {
    bar.stop();
  }
  if (options.json) process.stdout.write(jsonText({ schema: 1, claims: shown }));
  else for (const claim of shown) print(claim);
  if (shown.some((claim) => claim.trials.some((trial) => trial.fault !== 'confirmed')))
    return EXIT['fault-not-confirmed'];
  return shown.every((claim) => claim.finding === claim.expected) ? EXIT.pass : EXIT.fail;
}

function print({ name, who, says, predicts, finding, expected, because, trials }: ClaimShown): void {
  say(`${styled('bold', name)}  ${who}: ${says}`);
  say(`  predicts  ${predicts}`);
  if (trials.length > 0) {
    say(
      table(
        ['run', 'the claim predicts', 'verdict', 'mechanism', 'sleep(1) late', ''],
        trials.map((trial) => [
          trial.label,
          trial.predicts,
          trial.verdict,
          trial.mechanism,
          lengthText(trial.late),
          trial.held ? styled('green', 'holds') : styled('red', 'does not hold'),
        ]),
      ),
    );
  }
  say(
    `  finding   ${styled('bold', finding)}${finding === expected ? '' : styled('red', ` (expected: ${expected})`)}: ${because}`,
  );
  say();
}
