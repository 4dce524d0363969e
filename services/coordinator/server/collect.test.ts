/** That V8 has the collector by the name under which it is asked for. */
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { collectMemory } from './collect.ts';

it('what nobody holds any longer is gone after it', async () => {
  const gone = new WeakRef({ some: 'thing' });
  // A WeakRef holds what it was made of, or read as, until the turn is over.
  await setImmediate();
  for (let turn = 0; turn < 100 && gone.deref() !== undefined; turn++) {
    collectMemory();
    await setImmediate();
    await setImmediate();
  }
  expect(gone.deref()).toBeUndefined();
});
