/**
 * A leap second as Linux does it in dom0: the wall is stepped back by a second when one is inserted, forward when one is
 * deleted (kernel/time/ntp.c, second_overflow), and published.
 */
import { type Static, Type } from 'typebox';
import { chance, pick } from '../draws.ts';
import { nsOfMs } from '../duration.ts';
import type { FaultKind } from './fault.ts';
import { faultFields, HostName } from './fields.ts';

const schema = faultFields('leap-second', {
  host: HostName,
  second: Type.Union([Type.Literal('inserted'), Type.Literal('deleted')]),
});
export type LeapSecondFault = Static<typeof schema>;

export const leapSecond: FaultKind<LeapSecondFault> = {
  kind: 'leap-second',
  about: 'clock',
  text: "a leap second is inserted (the wall goes back by 1 s) or deleted, by dom0's ntp",
  schema,
  draw: (random, { hosts, atMs }) => ({
    kind: 'leap-second',
    atMs,
    host: pick(random, hosts),
    second: chance(random, 80) ? 'inserted' : 'deleted',
  }),
  magnitudes: [],
  lastsMs: () => 0,
  steps: ({ atMs, second }) => [
    {
      atMs,
      event: {
        type: 'settime',
        to: { kind: 'relative', byNs: nsOfMs(second === 'inserted' ? -1000 : 1000) },
        by: 'ntp',
      },
    },
  ],
};
