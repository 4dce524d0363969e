/**
 * The command line: what people type, and what the process exits with. Each command is in commands/; here are their names
 * and options. With --json standard output is one JSON document, also when the command fails.
 */

import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { DEFAULT_LIMIT_NS } from '@skewbed/experiments/trial.ts';
import { formatDuration } from '@skewbed/model/time/nanos.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { chaosCommand } from './chaos-commands.ts';
import { claims } from './commands/claims.ts';
import { diff } from './commands/diff.ts';
import { inspect } from './commands/inspect.ts';
import { matrix } from './commands/matrix.ts';
import { replay } from './commands/replay.ts';
import { merge, report } from './commands/report.ts';
import { resolve } from './commands/resolve.ts';
import { restore } from './commands/restore.ts';
import { run } from './commands/run.ts';
import { save } from './commands/save.ts';
import { testbed } from './commands/testbed.ts';
import { up } from './commands/up.ts';
import { verify } from './commands/verify.ts';
import { explain } from './failure.ts';

/** Runs a command line and gives the exit code: 0 pass, 1 fail, 2 fault not confirmed, 254 usage, 255 crash. */
export async function main(args: readonly string[]): Promise<number> {
  let code: number = EXIT.pass;
  const program = programOf((given) => {
    code = given;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // Help and version are no errors; what commander did not understand it has printed already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.pass : EXIT.usage;
    return explain(error, args.includes('--json') ? 'json' : 'text');
  }
}

type Exit = (code: number) => void;

function programOf(exit: Exit): Command {
  const program = new Command('skewbed')
    .description(
      'Live-migrates Xen PV guests between hosts whose clocks disagree, and shows which clock stops and why.',
    )
    .exitOverride()
    .showHelpAfterError('(skewbed --help shows what there is)')
    .addHelpText('after', '\nExit codes: 0 pass, 1 fail, 2 fault not confirmed, 254 usage, 255 crash.');

  testbedOptions(
    program
      .command('run')
      .description('run one scenario: a file, or a case such as t3, uptime-only')
      .argument('<file|case>'),
  )
    .option('--kernel <name>', 'another guest kernel than the scenario says; it then expects nothing')
    .option('--restore <policy>', 'another restore policy')
    .option('--patch <name|file...>', 'these patches instead of the scenario’s')
    .option('--precopy <policy>', 'how the memory is carried: xen, qemu, fixed-rounds, or stop-and-copy')
    .action(async (what: string, options) => exit(await run(what, options)));

  testbedOptions(program.command('matrix').description('run every case with every kernel, patch and restore policy'))
    .option('--case <name...>', 'only these cases')
    .option('--kernel <name...>', 'only these kernels')
    .option('--patch <name|file...>', 'only these patches, each alone, beside the unpatched runs')
    .action(async (options) => exit(await matrix(options)));

  testbedOptions(program.command('claims').description('put every claim of the xen-devel thread to the test'))
    .argument('[claim]', 'only this one')
    .action(async (claim: string | undefined, options) => exit(await claims(claim, options)));

  program
    .command('up')
    .description('the main job: real processes, the hang, the fixes, a table and a report (npm start)')
    .option('--out <dir>', 'where runs are kept', 'runs')
    .option('--json', 'one JSON document on standard output')
    .action(async (options) => exit(await up(options)));

  program
    .command('testbed')
    .description('the main job on containers that run already (docker compose up testbed)')
    .argument('[what...]', 'story, cases, own (the clocks that the nodes have), a case or a file', ['story'])
    .option('--seed <n>', 'the seed of everything random', seedOf, 1)
    .option('--out <dir>', 'where runs are kept', 'runs')
    .option('--json', 'one JSON document on standard output')
    .action(async (what: readonly string[], options) => exit(await testbed(what, options)));

  program
    .command('resolve')
    .description('decide a migration that is in doubt on a node, when its coordinator does not come back')
    .argument('<node>', 'the node: its URL, or its name at the coordinator of SKEWBED_COORDINATOR_URL')
    .argument('<migration>')
    .addArgument(new Argument('<decision>').choices(['commit', 'abort']))
    .option('--yes', 'do it without asking; what it risks is printed all the same')
    .option('--json', 'one JSON document on standard output')
    .action(async (node: string, migration: string, decision: 'commit' | 'abort', options) =>
      exit(await resolve({ node, migration, decision }, options)),
    );

  program
    .command('report')
    .description(
      'make result, report and JUnit file again: of a run from its history, of a chaos campaign from its result',
    )
    .argument('[run]', 'a run folder or its history.jsonl, or the folder of a chaos campaign')
    .option('--merge <files...>', 'instead: the shards of a chaos campaign (skewbed chaos --json) as one result')
    .option('--github', 'with --merge: a summary in Markdown, to $GITHUB_STEP_SUMMARY if there is one')
    .option('--out <dir>', 'with --merge: where the result is kept', 'runs')
    .option('--json', 'print the result as JSON')
    .action((folder: string | undefined, options) => {
      if (options.merge !== undefined) return exit(merge(options.merge, options));
      if (folder === undefined) throw new SkewbedError('bad-argument', 'name a run folder, or files with --merge');
      return exit(report(folder, options));
    });

  testbedOptions(
    program
      .command('replay')
      .description(
        'run again what a history holds, with its seed and scale; or a chaos failure: its code, or a result.json, junit.xml, report or folder that tells of it, the first or that of --seed',
      )
      .argument('<history|code|file|folder>'),
  ).action(async (what: string, options, command: Command) => {
    const typed = command.getOptionValueSource('seed') === 'cli';
    exit(await replay(what, { ...options, seed: typed ? options.seed : undefined }));
  });

  chaosCommand(program, exit);
  saveFileCommands(program, exit);

  for (const command of program.commands) command.exitOverride();
  return program;
}

/** Xen's save files. Exit codes: 0 sound, 1 not. */
function saveFileCommands(program: Command, exit: Exit): void {
  const json = ['--json', 'one JSON document on standard output'] as const;
  program
    .command('save')
    .description('save the guest of a scenario, suspended at its stop, as xl save would')
    .argument('<file|case>')
    .argument('<save>', 'the file to write')
    .option('--kernel <name>', 'another guest kernel than the scenario says')
    .option('--seed <n>', 'the seed of everything random', seedOf, 1)
    .option(...json)
    .action((what: string, file: string, options) => exit(save(what, file, options)));
  program
    .command('restore')
    .description('build a saved guest on a fresh simulated host, and run it there for a while')
    .argument('<save>')
    .option('--restore <policy>', 'what of the saved shared_info is copied', 'fields-2007')
    .option('--wall <duration>', 'how far the host’s wall is ahead of the saved one, such as -10m', '0s')
    .option('--uptime <duration>', 'the host’s uptime (default: as if it were the same machine)')
    .option('--patch <name...>', 'host-side patches', [])
    .option('--for <duration>', 'how long it runs', '5s')
    .option('--save <file>', 'save it again before it runs')
    .option(...json)
    .action((file: string, options) => exit(restore(file, options)));
  program
    .command('inspect')
    .description('what is in a save file of Xen: every record, page types, shared_info, registers')
    .argument('<save>', 'a file, or - for standard input')
    .option(...json)
    .action((file: string, options) => exit(inspect(file, options)));
  program
    .command('verify')
    .description('whether a save file of Xen is sound')
    .argument('<save>', 'a file, or - for standard input')
    .option(...json)
    .action((file: string, options) => exit(verify(file, options)));
  program
    .command('diff')
    .description('two save files by what they mean: whose each difference is')
    .argument('<left>')
    .argument('<right>')
    .option(...json)
    .action((left: string, right: string, options) => exit(diff(left, right, options)));
}

function testbedOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--on <testbed>', 'where to run it').choices(['sim', 'processes', 'containers']).default('sim'),
    )
    .option('--seed <n>', 'the seed of everything random', seedOf, 1)
    .option('--scale <scale>', 'auto, 1 or 1/N: what skews, sleeps and event times are multiplied by')
    .option('--limit <duration>', 'how long a run in real time may take', formatDuration(DEFAULT_LIMIT_NS))
    .option('--out <dir>', 'where runs are kept', 'runs')
    .option('--json', 'one JSON document on standard output');
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new InvalidArgumentError('a seed is a whole number, zero or more.');
}
