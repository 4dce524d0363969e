/** Every timer of a node fires late for a while: a host that is too busy. Its model must not notice: instants are exact. */
import type { Static } from 'typebox';
import { between, pick } from '../draws.ts';
import { type FaultKind, toldOf } from './fault.ts';
import { faultFields, HostName, LengthMs } from './fields.ts';

const schema = faultFields('slow-host', { host: HostName, byMs: LengthMs, forMs: LengthMs });
export type SlowHostFault = Static<typeof schema>;

export const slowHost: FaultKind<SlowHostFault> = {
  kind: 'slow-host',
  about: 'process',
  text: 'every timer of a node fires up to 2 s late, for up to 30 s',
  schema,
  draw: (random, { hosts, atMs }) => ({
    kind: 'slow-host',
    atMs,
    host: pick(random, hosts),
    byMs: between(random, 1, 2000),
    forMs: between(random, 1000, 30_000),
  }),
  magnitudes: [],
  lastsMs: ({ forMs }) => forMs,
  inject({ atMs, host, byMs, forMs }, bed, report) {
    bed.at(atMs, () => {
      const process = bed.process(host);
      if (!process.alive) return report('inconclusive', `${host} was dead already`);
      const end = process.slow(byMs);
      bed.at(atMs + forMs, () => {
        const seen = end();
        report(seen.outcome, toldOf(`timers of ${host} were ${byMs} ms late`, seen));
      });
    });
  },
};
