/** Every fault did what the schedule says: a fault that did something else proves nothing about the rest of the run. */
import type { Checker, Violation } from './checker.ts';

export const faults: Checker = {
  name: 'faults',
  text: 'every fault, read back, did what the schedule says',
  check: ({ events }) =>
    events.flatMap((event): Violation[] =>
      event.kind === 'fault' && event.outcome === 'mismatch'
        ? [{ checker: 'faults', atNs: event.at, what: `fault ${event.number} (${event.fault}): ${event.detail}` }]
        : [],
    ),
};
