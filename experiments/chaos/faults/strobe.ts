/**
 * The wall jumps to and fro, as Jepsen's strobe does it: amplitude 2^(2 + 16u) ms, every 2^(10u) ms, for up to 32 s.
 * dom0 publishes it a few times meanwhile, so that guests see one side or the other. It ends on the side it began on.
 * Walls only: an uptime that strobes would go back.
 */
import { formatSkew, NO_SKEW, PPB } from '@skewbed/model/time/skew.ts';
import { type Static, Type } from 'typebox';
import { between, eitherSign, pick, powerMs } from '../draws.ts';
import { nsOfMs } from '../duration.ts';
import type { ClockStep, FaultKind } from './fault.ts';
import { faultFields, HostName, LengthMs, StepMs } from './fields.ts';

const LONGEST_MS = 32_000;

const schema = faultFields('strobe', {
  host: HostName,
  byMs: StepMs,
  everyMs: LengthMs,
  cycles: Type.Integer({ minimum: 1, maximum: LONGEST_MS }),
  publishes: Type.Integer({ minimum: 0, maximum: 16 }),
});
export type StrobeFault = Static<typeof schema>;

const lengthOf = ({ everyMs, cycles }: StrobeFault): number => 2 * everyMs * cycles;

export const strobe: FaultKind<StrobeFault> = {
  kind: 'strobe',
  about: 'clock',
  text: 'the wall jumps by 2^(2+16u) ms to and fro every 2^(10u) ms for up to 32 s, and is published up to 8 times meanwhile',
  schema,
  draw(random, { hosts, atMs }) {
    const everyMs = powerMs(random, { base: 2, from: 0, span: 10 });
    return {
      kind: 'strobe',
      atMs,
      host: pick(random, hosts),
      byMs: eitherSign(random, powerMs(random, { base: 2, from: 2, span: 16 })),
      everyMs,
      cycles: between(random, 1, Math.max(1, Math.floor(LONGEST_MS / 2 / everyMs))),
      publishes: between(random, 0, 8),
    };
  },
  magnitudes: [
    {
      name: 'amplitude',
      unit: 'ms',
      clock: () => 'wall',
      read: ({ byMs }) => byMs,
      write: (fault, byMs) => ({ ...fault, byMs }),
    },
  ],
  lastsMs: lengthOf,
  steps(fault) {
    const { atMs, byMs, everyMs, publishes } = fault;
    const shape = { kind: 'strobe', byNs: nsOfMs(byMs), everyNs: nsOfMs(everyMs) } as const;
    const lengthMs = lengthOf(fault);
    return [
      {
        atMs,
        event: { type: 'set-skew', clock: 'wall', skew: formatSkew({ ratePpb: PPB, offsetNs: 0n, shapes: [shape] }) },
      },
      ...Array.from({ length: publishes }, (_, index): ClockStep => {
        return {
          atMs: atMs + ((index + 1) * lengthMs) / (publishes + 1),
          event: { type: 'settime', to: { kind: 'relative', byNs: 0n }, by: 'date' },
        };
      }),
      { atMs: atMs + lengthMs, event: { type: 'set-skew', clock: 'wall', skew: formatSkew(NO_SKEW) } },
    ];
  },
};
