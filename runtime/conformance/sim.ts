/** The simulator under the conformance suite. */

import type { SimProcess } from '../sim/process.ts';
import { Simulation } from '../sim/simulation.ts';
import type { Harness, Place } from './harness.ts';

/** A harness over a new simulation. Views are poisoned, so that the suite notices a runtime that shares them. */
export function simHarness(): Harness {
  const simulation = new Simulation({ seed: 1, poisonViews: true, link: { jitterNs: 100_000n } });
  return {
    async start(name): Promise<Place> {
      return simulation.process(name);
    },
    async crash(place) {
      (place as SimProcess).crash();
    },
    cut: (a, b) => simulation.link(a.name, b.name).cut(),
    silence: (a, b) => simulation.link(a.name, b.name).silence(),
    async until(what, condition) {
      if (simulation.run({ done: condition }) !== 'done') throw new Error(`the simulation is idle, but not: ${what}`);
    },
    async close() {},
  };
}
