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
    // The two come in any order: a source may send its last pages before it works its own out.
    const digests = new Map<string, string>();
    const violations: Violation[] = [];
    for (const event of events) {
      if (event.kind !== 'memory-digest') continue;
      const { migration, side, sha256, at } = event;
      digests.set(`${migration} ${side}`, sha256);
      const [source, target] = [digests.get(`${migration} source`), digests.get(`${migration} target`)];
      if (source === undefined || target === undefined || source === target) continue;
      violations.push({
        checker: 'digest',
        atNs: at,
        what: `${migration}: the source's memory is ${source.slice(0, 12)}, the target's ${target.slice(0, 12)}`,
      });
    }
    return violations;
  },
};
