/**
 * A clock leaps: the wall either way, the uptime forward (Xen's system time never goes back within one boot). Sizes are
 * those of Jepsen's bump, +-1.5^(6 + 25u) ms. Nobody publishes the wall's leap before the host's next settime: what an
 * operator types is the fault `date`.
 */
import { formatSkew, PPB } from '@skewbed/model/time/skew.ts';
import type { Static } from 'typebox';
import { bumpMs, chance, eitherSign, pick } from '../draws.ts';
import { nsOfMs } from '../duration.ts';
import type { FaultKind } from './fault.ts';
import { ClockName, faultFields, HostName, StepMs } from './fields.ts';

const schema = faultFields('step', { host: HostName, clock: ClockName, byMs: StepMs });
export type StepFault = Static<typeof schema>;

export const step: FaultKind<StepFault> = {
  kind: 'step',
  about: 'clock',
  text: 'the wall leaps by +-1.5^(6+25u) ms, or the uptime forward by as much; unpublished',
  schema,
  draw(random, { hosts, atMs }) {
    const clock = chance(random, 60) ? 'wall' : 'uptime';
    const size = bumpMs(random);
    return {
      kind: 'step',
      atMs,
      host: pick(random, hosts),
      clock,
      byMs: clock === 'wall' ? eitherSign(random, size) : size,
    };
  },
  magnitudes: [
    {
      name: 'step',
      unit: 'ms',
      clock: ({ clock }) => clock,
      read: ({ byMs }) => byMs,
      write: (fault, byMs) => ({ ...fault, byMs }),
    },
  ],
  lastsMs: () => 0,
  steps: ({ atMs, clock, byMs }) => [
    {
      atMs,
      event: { type: 'set-skew', clock, skew: formatSkew({ ratePpb: PPB, offsetNs: nsOfMs(byMs), shapes: [] }) },
    },
  ],
};
