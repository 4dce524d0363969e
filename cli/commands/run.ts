/** skewbed run: one scenario, judged, kept in its folder. */
import { loadScenario } from '@skewbed/experiments/case-library.ts';
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import type { Plan } from '@skewbed/experiments/plan.ts';
import { judge } from '@skewbed/experiments/result.ts';
import { writeRun } from '@skewbed/experiments/run-folder.ts';
import { planTrial, varied } from '@skewbed/experiments/trial.ts';
import { patchesTyped, type TestbedOptions, trialOptions } from '../options.ts';
import { progressBar } from '../progress.ts';
import { printRun } from '../run-text.ts';
import { withTestbed } from '../testbed.ts';

export type RunOptions = TestbedOptions & {
  readonly kernel?: string;
  readonly restore?: string;
  readonly patch?: readonly string[];
  readonly precopy?: string;
};

/** Runs a case or a file. */
export async function run(what: string, options: RunOptions): Promise<number> {
  const patches = options.patch === undefined ? undefined : (await patchesTyped(options.patch)).names;
  const scenario = varied(loadScenario(what), {
    ...(options.kernel === undefined ? {} : { kernel: options.kernel }),
    ...(options.restore === undefined ? {} : { restore: options.restore }),
    ...(patches === undefined ? {} : { patches }),
    ...(options.precopy === undefined ? {} : { precopy: options.precopy }),
  });
  return runPlanned(planTrial(scenario, trialOptions(options)), options);
}

/** Runs a plan on its testbed, keeps it, prints it. */
export async function runPlanned(
  plan: Plan,
  { on, out, json }: Pick<TestbedOptions, 'on' | 'out' | 'json'>,
): Promise<number> {
  const nodes = plan.hosts.map((host) => host.name);
  const { header, events } = await withTestbed(on, nodes, async (testbed) => {
    const bar = on === 'sim' ? null : progressBar(plan.scenario.scenario);
    try {
      return await testbed.run(plan, (part, note) => bar?.update(part, note));
    } finally {
      bar?.stop();
    }
  });
  const judged = judge(header, events);
  const folder = writeRun(out, judged);
  if (json) process.stdout.write(jsonText(judged.result));
  else printRun(judged, folder);
  return EXIT[judged.outcome.outcome];
}
