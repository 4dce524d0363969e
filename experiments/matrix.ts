/**
 * The matrix: every case with every guest kernel, without a patch, with each patch alone, and with each restore policy.
 * It is an experiment, not a table that somebody wrote: what a fix cures is what its cells say (facts K.4, K.5).
 * The runs are independent, so that workers share them (matrix-worker.ts); the order of the cells is fixed.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { PATCHES } from '@skewbed/model/patches/registry.ts';
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import { Tinypool } from 'tinypool';
import { loadScenario } from './case-library.ts';
import type { Fault } from './checkers/fault.ts';
import { type JudgedRun, judge } from './result.ts';
import { KERNEL_NAMES, RESTORE_POLICIES } from './scenarios/scenario.ts';
import { patchApplies } from './scenarios/vocabulary.ts';
import { planTrial, type Testbed, type TrialOptions, varied } from './trial.ts';

export type CellKey = {
  readonly scenario: string;
  readonly kernel: KernelName;
  readonly restore: string;
  readonly patches: readonly string[];
};
/** One run of the matrix. `late` is sleep(1)'s, in seconds; null for never and for what does not apply. */
export type Cell = CellKey & { readonly verdict: string; readonly mechanism: string; readonly late: number | null };
export type Ran = { readonly cell: Cell; readonly fault: Fault; readonly also: readonly string[] };

export type MatrixOptions = {
  readonly cases: readonly string[];
  readonly kernels?: readonly KernelName[];
  /** Only these patches, each alone; without it every patch and every policy. */
  readonly patches?: readonly string[];
  /** A patch of somebody's own: the file that exports it. */
  readonly patchFile?: string;
  readonly seed: number;
  readonly progress?: (done: number, of: number) => void;
};

/** What a worker is asked to run. */
export type MatrixTask = { readonly keys: readonly CellKey[]; readonly seed: number; readonly patchFile?: string };

/** Cells that one task of a worker holds: long enough that the pool's own work does not count. */
const CELLS_A_TASK = 6;

/** The cells of a matrix, in the order of its tables. */
export function matrixKeys({
  cases,
  kernels = KERNEL_NAMES,
  patches,
}: Pick<MatrixOptions, 'cases' | 'kernels' | 'patches'>): readonly CellKey[] {
  const names = patches ?? PATCHES.filter((patch) => patch.testOnly !== true).map((patch) => patch.name);
  const policies = patches === undefined ? RESTORE_POLICIES : (['fields-2007'] as const);
  const variants: readonly Pick<CellKey, 'restore' | 'patches'>[] = [
    ...policies.map((restore) => ({ restore, patches: [] })),
    // Alone song-2008 is the policy of that name.
    ...(patches?.includes('song-2008') ? [{ restore: 'song-2008', patches: [] }] : []),
    ...names.filter((name) => name !== 'song-2008').map((name) => ({ restore: 'fields-2007', patches: [name] })),
  ];
  return cases.flatMap((scenario) =>
    kernels.flatMap((kernel) => variants.map((variant) => ({ scenario, kernel, ...variant }))),
  );
}

/** Runs the whole matrix in the simulator, on every processor. */
export async function runMatrix(options: MatrixOptions): Promise<readonly Ran[]> {
  const { seed, patchFile, progress } = options;
  const keys = matrixKeys(options);
  const applicable = keys.filter((key) => key.patches.every((patch) => patchApplies(patch, key.kernel)));
  const pool = new Tinypool({
    filename: join(import.meta.dirname, 'matrix-worker.ts'),
    minThreads: 1,
    maxThreads: availableParallelism(),
    isolateWorkers: false,
  });
  const ran = new Map<CellKey, Ran>();
  try {
    const tasks: Promise<void>[] = [];
    for (let start = 0; start < applicable.length; start += CELLS_A_TASK) {
      const batch = applicable.slice(start, start + CELLS_A_TASK);
      const task: MatrixTask = { keys: batch, seed, ...(patchFile === undefined ? {} : { patchFile }) };
      tasks.push(
        (pool.run(task) as Promise<readonly Ran[]>).then((results) => {
          for (const [index, result] of results.entries()) ran.set(batch[index]!, result);
          progress?.(ran.size, applicable.length);
        }),
      );
    }
    await Promise.all(tasks);
  } finally {
    await pool.destroy();
  }
  return keys.map((key) => ran.get(key) ?? notApplicable(key));
}

/** Runs cells one after the other on a testbed that is open already, and scaled as it wants. */
export async function runMatrixOn(
  testbed: Testbed,
  keys: readonly CellKey[],
  { progress, ...options }: TrialOptions & Pick<MatrixOptions, 'progress'>,
): Promise<readonly Ran[]> {
  const ran: Ran[] = [];
  for (const key of keys) {
    if (key.patches.every((patch) => patchApplies(patch, key.kernel))) {
      const { header, events } = await testbed.run(planTrial(varied(loadScenario(key.scenario), key), options));
      ran.push(ranOf(key, judge(header, events)));
    } else ran.push(notApplicable(key));
    progress?.(ran.length, keys.length);
  }
  return ran;
}

/** What a judged run is in the matrix. */
export const ranOf = (key: CellKey, { result }: JudgedRun): Ran => ({
  cell: {
    scenario: key.scenario,
    kernel: key.kernel,
    restore: key.restore,
    patches: key.patches,
    verdict: result.verdict,
    mechanism: result.mechanism,
    late: result.probes.newSleep?.late ?? null,
  },
  fault: result.fault,
  also: result.also,
});

const notApplicable = (key: CellKey): Ran => ({
  cell: { ...key, verdict: 'not-applicable', mechanism: 'none', late: null },
  fault: 'confirmed',
  also: [],
});

/** The document of `skewbed matrix --json`. */
export const matrixJson = (ran: readonly Ran[]): { readonly schema: 1; readonly cells: readonly Cell[] } => ({
  schema: 1,
  cells: ran.map(({ cell }) => cell),
});
