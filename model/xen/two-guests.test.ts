/** Guests of one host do not disturb each other's time: the quiet stretch of one is not the other's. */
import { NS_PER_MS, NS_PER_S } from '@skewbed/proto/units.ts';
import { expect, it } from 'vitest';
import { at, benchHost, benchSpec, elapse } from '../bench-host.ts';
import { KERNEL_NAMES } from '../guest/kernels/index.ts';
import { eventsOf } from '../readings.ts';
import type { KernelName } from './host-event.ts';

const NAMES = ['red', 'blue', 'green'];

/** When each guest's sleep of a second came back, in ms after it was armed. */
function sleepsOf(kernel: KernelName, guests: number): readonly number[] {
  const names = NAMES.slice(0, guests);
  const host = benchHost({ frames: 4096 });
  for (const name of names) host.step(at(0), { type: 'create-domain', spec: benchSpec({ name, kernel }) });
  for (const [index, domain] of names.entries()) host.step(at(index / 300), { type: 'unpause', domain });
  for (const [index, domain] of names.entries()) {
    const call = { call: 'nanosleep', timer: 'sleep', lengthNs: NS_PER_S } as const;
    host.step(at(5.0123 + index * 0.0041), { type: 'call-guest', domain, call });
  }
  elapse(host, at(10));
  const history = host.drain();
  return names.map((name) => {
    const of = <E extends { readonly domain: string }>(event: E): boolean => event.domain === name;
    const armed = eventsOf(history, 'timer-armed').find(of);
    const returned = eventsOf(history, 'timer-returned').find(of);
    return Number(((returned?.at ?? 0n) - (armed?.at ?? 0n)) / NS_PER_MS);
  });
}

it.each(KERNEL_NAMES)(
  '%s: a sleep of a second takes a second, and a tick or two, with any number of guests',
  (kernel) => {
    for (const guests of [1, 2, 3]) {
      for (const ms of sleepsOf(kernel, guests)) {
        expect(ms).toBeGreaterThanOrEqual(1000);
        expect(ms).toBeLessThanOrEqual(1020);
      }
    }
  },
);
