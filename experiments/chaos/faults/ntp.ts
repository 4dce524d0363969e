/** dom0's ntp is switched on, with some period, or off. It publishes what the host believes, right or wrong. */
import { type Static, Type } from 'typebox';
import { between, chance, pick } from '../draws.ts';
import { nsOfMs } from '../duration.ts';
import type { FaultKind } from './fault.ts';
import { faultFields, HostName, LengthMs } from './fields.ts';

const schema = faultFields('ntp', { host: HostName, periodMs: Type.Union([LengthMs, Type.Null()]) });
export type NtpFault = Static<typeof schema>;

export const ntp: FaultKind<NtpFault> = {
  kind: 'ntp',
  about: 'clock',
  text: "dom0's ntp begins to publish the wall every 1 to 60 s, or stops",
  schema,
  draw: (random, { hosts, atMs }) => ({
    kind: 'ntp',
    atMs,
    host: pick(random, hosts),
    periodMs: chance(random, 70) ? 1000 * between(random, 1, 60) : null,
  }),
  magnitudes: [],
  lastsMs: () => 0,
  steps: ({ atMs, periodMs }) => [
    { atMs, event: { type: 'set-ntp', periodNs: periodMs === null ? null : nsOfMs(periodMs) } },
  ],
};
