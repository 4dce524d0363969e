/**
 * The testbed `sim`: coordinator, nodes and runner in one simulated world on virtual time. The very cores that run as
 * processes run here; one seed, and so the same history every time.
 */
import { CoordinatorCore } from '@skewbed/coordinator/core/coordinator.ts';
import { RunnerClient } from '@skewbed/coordinator/core/runner-client.ts';
import { modelWorld } from '@skewbed/hypervisor-node/core/model-world.ts';
import { NodeCore } from '@skewbed/hypervisor-node/core/node.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { checksums } from '@skewbed/runtime/checksum.ts';
import { nodePageOps } from '@skewbed/runtime/page-ops.ts';
import { Simulation } from '@skewbed/runtime/sim/simulation.ts';
import type { Plan } from '../plan.ts';
import { type RunOutcome, runPlan } from '../scenario-run.ts';
import type { Testbed } from '../trial.ts';

/** Runs a plan from start to end. Throws what kept it from running. */
export function runInSim(plan: Plan): RunOutcome {
  const simulation = new Simulation({ seed: plan.seed });
  const coordinator = simulation.process('coordinator');
  new CoordinatorCore(coordinator).start();
  for (const { name } of plan.hosts) {
    const node = simulation.process(`node-${name}`);
    new NodeCore({ ...portsOf(node), checksums, sync: null }, modelWorld(nodePageOps), {
      name,
      url: node.url,
      coordinatorUrl: coordinator.url,
    }).start();
  }
  const runner = simulation.process('runner');
  const client = new RunnerClient(
    { ...portsOf(runner), sync: null },
    { name: 'runner', coordinatorUrl: coordinator.url },
  );
  let outcome: RunOutcome | SkewbedError | null = null;
  const end = (what: RunOutcome | SkewbedError) => {
    outcome ??= what;
  };
  client.connect({
    ready: () => runPlan({ client, ...portsOf(runner) }, plan, end),
    closed: (error) => end(error ?? new SkewbedError('link-lost', 'the simulated coordinator closed the link')),
  });
  const why = simulation.run({ done: () => outcome !== null });
  return given(outcome, why);
}

/** The simulator as a testbed like the others. */
export const simTestbed: Testbed = {
  name: 'sim',
  run: async (plan, progress) => {
    const outcome = runInSim(plan);
    progress?.(1);
    return outcome;
  },
  close: async () => {},
};

// A function, because TypeScript does not see that callbacks assign.
function given(outcome: RunOutcome | SkewbedError | null, why: string): RunOutcome {
  if (outcome === null) throw new SkewbedError('crash', `the simulation ended (${why}) before the run did`);
  if (outcome instanceof SkewbedError) throw outcome;
  return outcome;
}

/** The ports of a simulated process as plain properties, which can be spread. */
const portsOf = ({ clock, timers, network, log, random }: ReturnType<Simulation['process']>) => ({
  clock,
  timers,
  network,
  log,
  random,
});
