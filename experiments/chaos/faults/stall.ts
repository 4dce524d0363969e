/**
 * Silence on a link: nothing arrives and nobody is told, as with a pulled cable or a relay that stalls. Shorter than the
 * keep-alive's 15 s it is a stall, and everything arrives afterwards; longer, and both sides give the connections up.
 */
import type { Static } from 'typebox';
import { between, chance, pick } from '../draws.ts';
import { type FaultKind, toldOf } from './fault.ts';
import { faultFields, HostName, LengthMs } from './fields.ts';

const schema = faultFields('stall', { host: HostName, forMs: LengthMs });
export type StallFault = Static<typeof schema>;

export const stall: FaultKind<StallFault> = {
  kind: 'stall',
  about: 'link',
  text: 'a link is silent for up to 14 s (a stall), or for 16 to 40 s (both sides give up)',
  schema,
  draw: (random, { hosts, atMs }) => ({
    kind: 'stall',
    atMs,
    host: pick(random, hosts),
    forMs: chance(random, 70) ? between(random, 1, 14_000) : between(random, 16_000, 40_000),
  }),
  magnitudes: [],
  lastsMs: ({ forMs }) => forMs,
  inject({ atMs, host, forMs }, bed, report) {
    bed.at(atMs, () => {
      const end = bed.link(host).silence();
      bed.at(atMs + forMs, () => {
        const seen = end();
        report(seen.outcome, toldOf(`the link of ${host} was silent for ${forMs} ms`, seen));
      });
    });
  },
};
