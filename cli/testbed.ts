/** The testbed that --on names, ready to run plans; closed again whatever happens, also on ^C. */

import type { TestbedName } from '@skewbed/experiments/plan.ts';
import { openContainers } from '@skewbed/experiments/testbeds/containers.ts';
import { openProcesses } from '@skewbed/experiments/testbeds/processes.ts';
import { simTestbed } from '@skewbed/experiments/testbeds/sim.ts';
import type { Testbed } from '@skewbed/experiments/trial.ts';

/** Opens the testbed with nodes of these names, uses it, and closes it. */
export async function withTestbed<R>(
  on: TestbedName,
  nodes: readonly string[],
  use: (testbed: Testbed) => Promise<R>,
): Promise<R> {
  const testbed = await open(on, nodes);
  try {
    return await use(testbed);
  } finally {
    await testbed.close();
  }
}

async function open(on: TestbedName, nodes: readonly string[]): Promise<Testbed> {
  switch (on) {
    case 'sim':
      return simTestbed;
    case 'processes':
      return openProcesses(nodes);
    case 'containers':
      return openContainers(process.env);
  }
}
