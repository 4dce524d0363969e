/** One suite, two runtimes: what a service sees must not depend on where it runs. */
import { describe } from 'vitest';
import type { HarnessFactory } from './harness.ts';
import { journalSuite } from './journal-suite.ts';
import { liveHarness } from './live.ts';
import { networkSuite } from './network-suite.ts';
import { simHarness } from './sim.ts';
import { timersSuite } from './timers-suite.ts';

const RUNTIMES: readonly (readonly [string, HarnessFactory])[] = [
  ['sim', simHarness],
  ['live', liveHarness],
];

describe.each(RUNTIMES)('%s', (_name, factory) => {
  networkSuite(factory);
  timersSuite(factory);
  journalSuite(factory);
});
