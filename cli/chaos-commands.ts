/** The words and options of `skewbed chaos`, beside main.ts, which has the others. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { chaos } from './commands/chaos.ts';
import { REAL_SEEDS } from './commands/chaos-real.ts';

/** Adds the command. */
export function chaosCommand(program: Command, exit: (code: number) => void): void {
  program
    .command('chaos')
    .description('search for trouble by seed: random clocks, links and crashes in the simulator, each failure shrunk')
    .addOption(
      new Option('--on <testbed>', 'where: on real nodes schedules are short, and each takes its time')
        .choices(['sim', 'processes', 'containers'])
        .default('sim'),
    )
    .option('--seeds <n>', `how many (default: 1000, on real nodes ${REAL_SEEDS})`, wholeNumber)
    .option('--seed <n>', 'the first one', wholeNumber, 1)
    .option('--workers <n>', 'processes at once (default: every processor; on real nodes 1 testbed)', positiveNumber)
    .option('--shard <i/n>', 'only this part of the seeds; several machines share a campaign so')
    .option('--check-determinism <percent>', 'of the seeds that are run twice and compared', percentage, 5)
    .option('--shrink <n>', 'how many failures are made smaller; the others are told as found', wholeNumber, 20)
    .option('--faults <n>', 'as many faults in each schedule', wholeNumber)
    .option('--kernel <name>', 'every guest has this kernel')
    .addOption(
      new Option(
        '--find <what>',
        'look for guests that hang, and for the smallest cause; exit code 0 when one is found',
      ).choices(['hang']),
    )
    .option('--canary <name>', 'put a deliberate bug in, which the campaign has to find')
    .option('--stop-at-first', 'end at the first failure')
    .option('--github', 'a summary in Markdown, to $GITHUB_STEP_SUMMARY if there is one')
    .option('--out <dir>', 'where result.json and junit.xml are kept, in the folder chaos', 'runs')
    .option('--json', 'one JSON document on standard output')
    .action(async (options) => exit(await chaos(options)));
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError('write a whole number, zero or more.');
}

function positiveNumber(text: string): number {
  const number = wholeNumber(text);
  if (number > 0) return number;
  throw new InvalidArgumentError('write a whole number above zero.');
}

function percentage(text: string): number {
  const number = wholeNumber(text.replace(/%$/, ''));
  if (number <= 100) return number;
  throw new InvalidArgumentError('write a per cent from 0 to 100.');
}
