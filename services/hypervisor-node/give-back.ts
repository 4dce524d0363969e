/**
 * Gives the memory of a guest that has left back to the system, and once what a start leaves behind. V8 would do so when
 * it next collects, which in a node that has nothing else to do may be minutes later, or in the middle of the next
 * arrival: until then the node is as large as both guests. Collecting takes 10 to 20 ms with a heap as small as a node's,
 * and more where it has many guests, so it waits until no more of them leave.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How often it looks, ms: a guest that comes back takes longer to be prepared for. */
const LOOK_PERIOD_MS = 100;

type Collect = (options: { readonly type: 'major'; readonly execution: 'async' }) => Promise<void>;

/** Looks how many domains there are, and collects when some have left and no more do. The end of it is clearInterval. */
export function giveBackMemory(domains: () => number, collect: Collect = collector()): NodeJS.Timeout {
  let before = domains();
  let isDue = true;
  const timer = setInterval(() => {
    const now = domains();
    if (now < before) isDue = true;
    else if (isDue) {
      isDue = false;
      void collect({ type: 'major', execution: 'async' });
    }
    before = now;
  }, LOOK_PERIOD_MS);
  return timer.unref();
}

/** V8's own, which Node shows only where a flag asks for it. */
function collector(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
