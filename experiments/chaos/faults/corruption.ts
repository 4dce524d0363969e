/**
 * One byte of a frame of a migration's stream is changed on its way, as faulty memory in a relay does it (a network's own
 * errors are found by TCP). The checksum of the batch has to find it; a digest that differs would be too late.
 */
import { type Static, Type } from 'typebox';
import { between, pick } from '../draws.ts';
import type { FaultKind } from './fault.ts';
import { faultFields, HostName, LengthMs } from './fields.ts';

const schema = faultFields('corruption', {
  host: HostName,
  frame: Type.Integer({ minimum: 1, maximum: 100_000 }),
  waitsMs: LengthMs,
});
export type CorruptionFault = Static<typeof schema>;

export const corruption: FaultKind<CorruptionFault> = {
  kind: 'corruption',
  about: 'link',
  text: 'one byte of a frame of a stream is changed on its way',
  schema,
  draw: (random, { hosts, atMs }) => ({
    kind: 'corruption',
    atMs,
    host: pick(random, hosts),
    frame: between(random, 1, 3),
    waitsMs: 40_000,
  }),
  magnitudes: [],
  lastsMs: ({ waitsMs }) => waitsMs,
  inject({ atMs, host, frame, waitsMs }, bed, report) {
    bed.at(atMs, () => {
      let what: string | null = null;
      const end = bed.link(host).corrupt(frame, (text) => {
        what = text;
        report('confirmed', text);
      });
      bed.at(atMs + waitsMs, () => {
        end();
        if (what === null) report('inconclusive', `no stream passed the link of ${host}`);
      });
    });
  },
};
