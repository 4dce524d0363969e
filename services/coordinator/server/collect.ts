/** V8's collector, called by hand: where it is known that much has become garbage and nothing is urgent. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'major'; readonly execution: 'async' }) => Promise<void>;

let collect: Collect | null = null;

/** Soon, in a turn of the event loop of its own. What is free then goes back to the system. */
export function collectMemory(): void {
  if (collect === null) {
    // Node shows it only where a flag asks for it.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  void collect({ type: 'major', execution: 'async' });
}
