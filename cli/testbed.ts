/** The testbed that --on names, ready to run plans; closed again whatever happens, also on ^C. */
import { openProcesses } from '@skewbed/experiments/testbeds/processes.ts';
import { simTestbed } from '@skewbed/experiments/testbeds/sim.ts';
import type { Testbed } from '@skewbed/experiments/trial.ts';

/** Opens the testbed with nodes of these names, uses it, and closes it. */
export async function withTestbed<R>(
  on: 'sim' | 'processes',
  nodes: readonly string[],
  use: (testbed: Testbed) => Promise<R>,
): Promise<R> {
  const testbed = on === 'sim' ? simTestbed : await openProcesses(nodes);
  try {
    return await use(testbed);
  } finally {
    await testbed.close();
  }
}
