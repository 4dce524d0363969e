/**
 * The memory that a target has received is what the source had at suspend. The coordinator compares the two before it
 * commits; that they ever differ is a fault of save, restore or the stream all the same, for a batch that was damaged on
 * its way is found by its checksum.
 */
import type { Checker, Violation } from './checker.ts';

export const digest: Checker = {
  name: 'digest',
  text: "a target's memory after END is the source's at suspend",
  check({ events }) {
    const sources = new Map<string, string>();
    const violations: Violation[] = [];
    for (const event of events) {
      if (event.kind !== 'memory-digest') continue;
      const { migration, side, sha256, at } = event;
      if (side === 'source') sources.set(migration, sha256);
      else if (sources.get(migration) !== sha256) {
        const source = sources.get(migration)?.slice(0, 12) ?? 'no digest';
        violations.push({
          checker: 'digest',
          atNs: at,
          what: `${migration}: the source's memory is ${source}, the target's ${sha256.slice(0, 12)}`,
        });
      }
    }
    return violations;
  },
};
