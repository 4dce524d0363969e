/** What a worker of the matrix does: runs cells in the simulator, one after the other, and gives what they show. */
import { loadScenario } from './case-library.ts';
import { type CellKey, type MatrixTask, type Ran, ranOf } from './matrix.ts';
import { addPatchFile } from './patch-file.ts';
import { judge } from './result.ts';
import { runInSim } from './testbeds/sim.ts';
import { DEFAULT_LIMIT_NS, planTrial, varied } from './trial.ts';

export default async function runCells({ keys, seed, patchFile }: MatrixTask): Promise<readonly Ran[]> {
  if (patchFile !== undefined) await addPatchFile(patchFile);
  return keys.map((key) => runCell(key, seed));
}

/** One cell of the matrix. */
export function runCell(key: CellKey, seed: number): Ran {
  const scenario = varied(loadScenario(key.scenario), key);
  const { header, events } = runInSim(planTrial(scenario, { testbed: 'sim', seed, limitNs: DEFAULT_LIMIT_NS }));
  return ranOf(key, judge(header, events));
}
