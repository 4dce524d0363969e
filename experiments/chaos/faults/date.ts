/** An operator types `date` on dom0: the wall is stepped and published at once (recipe #1 of the thread; Tian's T5). */
import type { Static } from 'typebox';
import { bumpMs, eitherSign, pick } from '../draws.ts';
import { nsOfMs } from '../duration.ts';
import type { FaultKind } from './fault.ts';
import { faultFields, HostName, StepMs } from './fields.ts';

const schema = faultFields('date', { host: HostName, byMs: StepMs });
export type DateFault = Static<typeof schema>;

export const date: FaultKind<DateFault> = {
  kind: 'date',
  about: 'clock',
  text: 'an operator sets the wall by +-1.5^(6+25u) ms, and Xen publishes it',
  schema,
  draw: (random, { hosts, atMs }) => ({
    kind: 'date',
    atMs,
    host: pick(random, hosts),
    byMs: eitherSign(random, bumpMs(random)),
  }),
  magnitudes: [
    {
      name: 'step',
      unit: 'ms',
      clock: () => 'wall',
      read: ({ byMs }) => byMs,
      write: (fault, byMs) => ({ ...fault, byMs }),
    },
  ],
  lastsMs: () => 0,
  steps: ({ atMs, byMs }) => [
    { atMs, event: { type: 'settime', to: { kind: 'relative', byNs: nsOfMs(byMs) }, by: 'date' } },
  ],
};
