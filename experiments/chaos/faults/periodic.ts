/**
 * A clock swings about its course, as with the temperature of its crystal (TigerBeetle's time simulation has such a
 * clock): the wall by up to 10 s, the uptime by an eighth of the period at most, so that it never goes back.
 */
import { formatSkew, NO_SKEW, PPB } from '@skewbed/model/time/skew.ts';
import type { Static } from 'typebox';
import { between, chance, pick } from '../draws.ts';
import { nsOfMs } from '../duration.ts';
import type { FaultKind } from './fault.ts';
import { ClockName, faultFields, HostName, LengthMs, StepMs } from './fields.ts';

const schema = faultFields('periodic', {
  host: HostName,
  clock: ClockName,
  amplitudeMs: StepMs,
  periodMs: LengthMs,
  forMs: LengthMs,
});
export type PeriodicFault = Static<typeof schema>;

export const periodic: FaultKind<PeriodicFault> = {
  kind: 'periodic',
  about: 'clock',
  text: 'wall or uptime swings about its course for up to 60 s, the wall by up to 10 s',
  schema,
  draw(random, { hosts, atMs }) {
    const clock = chance(random, 50) ? 'wall' : 'uptime';
    const periodMs = between(random, 1000, 60_000);
    const most = clock === 'wall' ? 10_000 : Math.floor(periodMs / 8);
    return {
      kind: 'periodic',
      atMs,
      host: pick(random, hosts),
      clock,
      amplitudeMs: between(random, 1, most),
      periodMs,
      forMs: between(random, 1000, 60_000),
    };
  },
  magnitudes: [
    {
      name: 'amplitude',
      unit: 'ms',
      clock: ({ clock }) => clock,
      read: ({ amplitudeMs }) => amplitudeMs,
      write: (fault, amplitudeMs) => ({ ...fault, amplitudeMs }),
    },
  ],
  lastsMs: ({ forMs }) => forMs,
  steps: ({ atMs, clock, amplitudeMs, periodMs, forMs }) => [
    {
      atMs,
      event: {
        type: 'set-skew',
        clock,
        skew: formatSkew({
          ratePpb: PPB,
          offsetNs: 0n,
          shapes: [{ kind: 'periodic', amplitudeNs: nsOfMs(amplitudeMs), periodNs: nsOfMs(periodMs) }],
        }),
      },
    },
    { atMs: atMs + forMs, event: { type: 'set-skew', clock, skew: formatSkew(NO_SKEW) } },
  ],
};
