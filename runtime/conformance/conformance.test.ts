/** One suite, two runtimes: what a service sees must not depend on where it runs. */
import { describe } from 'vitest';
import { connectionSuite } from './connection-suite.ts';
import type { HarnessFactory } from './harness.ts';
import { journalSuite } from './journal-suite.ts';
import { liveHarness } from './live.ts';
import { messageSuite } from './message-suite.ts';
import { simHarness } from './sim.ts';
import { timersSuite } from './timers-suite.ts';

const RUNTIMES: readonly (readonly [string, HarnessFactory])[] = [
  ['sim', simHarness],
  ['live', liveHarness],
];

describe.each(RUNTIMES)('%s', (_name, factory) => {
  messageSuite(factory);
  connectionSuite(factory);
  timersSuite(factory);
  journalSuite(factory);
});
