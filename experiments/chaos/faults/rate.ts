/** A clock runs too fast or too slow for a while: 1 to 200,000 ppm, a bad crystal or a broken calibration of the TSC. */
import { formatSkew, NO_SKEW, PPB } from '@skewbed/model/time/skew.ts';
import { type Static, Type } from 'typebox';
import { between, chance, eitherSign, pick, unit } from '../draws.ts';
import type { FaultKind } from './fault.ts';
import { ClockName, faultFields, HostName, LengthMs } from './fields.ts';

const MOST_PPM = 200_000;
const PPB_PER_PPM = 1000n;

const schema = faultFields('rate', {
  host: HostName,
  clock: ClockName,
  ppm: Type.Integer({ minimum: -MOST_PPM, maximum: MOST_PPM }),
  forMs: LengthMs,
});
export type RateFault = Static<typeof schema>;

export const rate: FaultKind<RateFault> = {
  kind: 'rate',
  about: 'clock',
  text: 'wall or uptime runs 1 to 200,000 ppm too fast or too slow, for up to 60 s',
  schema,
  draw: (random, { hosts, atMs }) => ({
    kind: 'rate',
    atMs,
    host: pick(random, hosts),
    clock: chance(random, 50) ? 'wall' : 'uptime',
    ppm: eitherSign(random, Math.round(MOST_PPM ** unit(random))),
    forMs: between(random, 1000, 60_000),
  }),
  magnitudes: [
    {
      name: 'rate',
      unit: 'ppm',
      clock: ({ clock }) => clock,
      read: ({ ppm }) => ppm,
      write: (fault, ppm) => ({ ...fault, ppm: Math.round(ppm) }),
    },
  ],
  lastsMs: ({ forMs }) => forMs,
  steps: ({ atMs, clock, ppm, forMs }) => [
    {
      atMs,
      event: {
        type: 'set-skew',
        clock,
        skew: formatSkew({ ratePpb: PPB + BigInt(ppm) * PPB_PER_PPM, offsetNs: 0n, shapes: [] }),
      },
    },
    { atMs: atMs + forMs, event: { type: 'set-skew', clock, skew: formatSkew(NO_SKEW) } },
  ],
};
