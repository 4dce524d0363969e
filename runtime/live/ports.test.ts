import { trueNs } from '@skewbed/proto/units.ts';
import { expect, test } from 'vitest';
import { livePorts } from './ports.ts';

const base = { name: 'node-a', token: 'the-token-of-this-test', hosts: [], logLevel: 'silent' } as const;

test('the coordinator has true time itself, and nobody to learn it from', () => {
  const { clock, sync, network } = livePorts({ ...base, clock: 'coordinator' });
  expect(sync).toBe(null);
  expect(clock.uncertainty()).toBe(0n);
  network.shutDown();
});

test('a learned clock tells the timers: a deadline from before the first sample moves to the new time line', async () => {
  const { clock, sync, timers, network } = livePorts({ ...base, clock: 'learned' });
  const before = clock.now();
  const fired = new Promise<void>((done) => timers.at(trueNs(before + 5_000_000n), done));
  // The coordinator's clock says a century less: a deadline that stayed behind would be a century away.
  const local = sync!.localNow();
  const century = 36_525n * 86_400n * 1_000_000_000n;
  sync!.sample({ sentLocalNs: local, trueNs: trueNs(local - century), receivedLocalNs: local });
  expect(clock.now()).toBeLessThan(before);
  await fired;
  network.shutDown();
});
