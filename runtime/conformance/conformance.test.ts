/** One suite, two runtimes: what a service sees must not depend on where it runs. */
import { describe } from 'vitest';
import { bulkSuite } from './bulk-suite.ts';
import { connectionSuite } from './connection-suite.ts';
import type { HarnessFactory } from './harness.ts';
import { journalSuite } from './journal-suite.ts';
import { liveHarness, liveStreamsHarness } from './live.ts';
import { messageSuite } from './message-suite.ts';
import { simHarness } from './sim.ts';
import { timersSuite } from './timers-suite.ts';

const RUNTIMES: readonly (readonly [string, HarnessFactory])[] = [
  ['sim', simHarness],
  ['live', liveHarness],
  ['live, dialled as streams', liveStreamsHarness],
];

describe.each(RUNTIMES)('%s', (_name, factory) => {
  messageSuite(factory);
  bulkSuite(factory);
  connectionSuite(factory);
  timersSuite(factory);
  journalSuite(factory);
});
