/** skewbed matrix: what each fix does to each case on each kernel, as cells for scripts or tables for people. */
import { caseNamed, caseNames, loadScenario } from '@skewbed/experiments/case-library.ts';
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { matrixJson, matrixKeys, type Ran, runMatrix, runMatrixOn } from '@skewbed/experiments/matrix.ts';
import { hintAmong } from '@skewbed/experiments/scenarios/closest-name.ts';
import { KERNEL_NAMES } from '@skewbed/experiments/scenarios/scenario.ts';
import { kernelProblem, patchNames } from '@skewbed/experiments/scenarios/vocabulary.ts';
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { patchesTyped, type TestbedOptions, trialOptions } from '../options.ts';
import { progressBar } from '../progress.ts';
import { lengthText, say, styled, table } from '../terminal.ts';
import { withTestbed } from '../testbed.ts';

export type MatrixCommandOptions = TestbedOptions & {
  readonly case?: readonly string[];
  readonly kernel?: readonly string[];
  readonly patch?: readonly string[];
};

/** Runs the matrix, or the part of it that was asked for. */
export async function matrix(options: MatrixCommandOptions): Promise<number> {
  const { names, file } = await patchesTyped(options.patch ?? []);
  const unknown = names.find((name) => !patchNames().includes(name));
  if (unknown !== undefined)
    throw new SkewbedError(
      'bad-argument',
      `there is no patch '${unknown}'${hintAmong(unknown, patchNames())}`,
      '--patch',
    );
  const which = {
    cases: (options.case ?? caseNames()).map(caseTyped),
    kernels: (options.kernel ?? KERNEL_NAMES).map(kernelTyped),
    ...(options.patch === undefined ? {} : { patches: names }),
  };
  const bar = progressBar('matrix');
  let ran: readonly Ran[];
  try {
    const progress = (done: number, of: number): void => bar.update(done / of, `${done} of ${of} runs`);
    if (options.on === 'sim' && options.scale === undefined) {
      ran = await runMatrix({
        ...which,
        seed: options.seed,
        progress,
        ...(file === undefined ? {} : { patchFile: file }),
      });
    } else {
      const hosts = [...new Set(which.cases.flatMap((name) => loadScenario(name).hosts.map((host) => host.name)))];
      ran = await withTestbed(options.on, hosts, (testbed) =>
        runMatrixOn(testbed, matrixKeys(which), { ...trialOptions(options), progress }),
      );
    }
  } finally {
    bar.stop();
  }
  if (options.json) process.stdout.write(jsonText(matrixJson(ran)));
  else printMatrix(ran);
  return exitOf(ran);
}

function exitOf(ran: readonly Ran[]): number {
  if (ran.some(({ fault }) => fault !== 'confirmed')) return EXIT['fault-not-confirmed'];
  const broken = ['split-brain', 'lost', 'memory-mismatch', 'unknown'];
  return ran.some(({ cell }) => broken.includes(cell.verdict)) ? EXIT.fail : EXIT.pass;
}

/** One table for each policy or patch: kernels down, cases across. */
function printMatrix(ran: readonly Ran[]): void {
  const cases = [...new Set(ran.map(({ cell }) => cell.scenario))];
  const variants = Map.groupBy(ran, ({ cell }) => [cell.restore, ...cell.patches].join(' + '));
  for (const [variant, runs] of variants) {
    const applicable = Map.groupBy(runs, ({ cell }) => cell.kernel);
    say(styled('bold', variant));
    const rows = [...applicable]
      .filter(([, cells]) => cells.some(({ cell }) => cell.verdict !== 'not-applicable'))
      .map(([kernel, cells]) => [
        kernel,
        ...cases.map((name) => cellText(cells.find(({ cell }) => cell.scenario === name))),
      ]);
    say(rows.length === 0 ? 'applies to none of these kernels' : table(['kernel', ...cases], rows));
    say();
  }
  say('Each cell: how late sleep(1) is, and the mechanism. M3 alone does no harm.');
}

function cellText(ran: Ran | undefined): string {
  if (ran === undefined || ran.cell.verdict === 'not-applicable') return styled('dim', '-');
  const { verdict, mechanism, late } = ran.cell;
  const what = mechanism === 'none' ? '' : ` ${mechanism}`;
  if (verdict === 'healthy') return styled('green', `ok${what}`);
  return styled(
    'red',
    `${late !== null && late < 1 ? verdict : lengthText(late === null ? null : Math.round(late))}${what}`,
  );
}

function caseTyped(typed: string): string {
  const name = caseNamed(typed);
  if (name === undefined)
    throw new SkewbedError('not-found', `there is no case '${typed}'${hintAmong(typed, caseNames())}`, '--case');
  return name;
}

function kernelTyped(typed: string): KernelName {
  const problem = kernelProblem(typed);
  if (problem !== undefined) throw new SkewbedError('bad-argument', problem, '--kernel');
  return typed as KernelName;
}
