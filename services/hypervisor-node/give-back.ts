/**
 * Gives the memory of a guest that has left back to the system. V8 would do so when it next collects, which in a node that
 * has nothing else to do may be minutes later, or in the middle of the next arrival: until then the node is as large as
 * both guests. Collecting stops everything else, for longer the more guests there are, so it waits until no more of them
 * leave.
 */
import { collectMemory } from '@skewbed/coordinator/server/collect.ts';

/** How often it looks, ms. Soon enough for who watches a node, and not at once: a guest that comes back at once is faster. */
const LOOK_PERIOD_MS = 500;

/** Looks how many domains there are, and collects when some have left and no more do. The end of it is clearInterval. */
export function giveBackMemory(domains: () => number, collect = collectMemory): NodeJS.Timeout {
  let before = domains();
  let isDue = false;
  const timer = setInterval(() => {
    const now = domains();
    if (now < before) isDue = true;
    else if (isDue) {
      isDue = false;
      collect();
    }
    before = now;
  }, LOOK_PERIOD_MS);
  return timer.unref();
}
