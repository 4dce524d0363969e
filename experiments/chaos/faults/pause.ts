/** A process stands for a while, as with SIGSTOP or a long garbage collection, and then does all at once. */
import type { Static } from 'typebox';
import { between, chance, pick } from '../draws.ts';
import { type FaultKind, toldOf } from './fault.ts';
import { faultFields, HostName, LengthMs } from './fields.ts';

const schema = faultFields('pause', { process: HostName, forMs: LengthMs });
export type PauseFault = Static<typeof schema>;

export const pause: FaultKind<PauseFault> = {
  kind: 'pause',
  about: 'process',
  text: 'coordinator or node stands still for up to 12 s',
  schema,
  draw: (random, { hosts, atMs }) => ({
    kind: 'pause',
    atMs,
    process: chance(random, 40) ? 'coordinator' : pick(random, hosts),
    forMs: between(random, 1, 12_000),
  }),
  magnitudes: [],
  lastsMs: ({ forMs }) => forMs,
  inject({ atMs, process: name, forMs }, bed, report) {
    bed.at(atMs, () => {
      const process = bed.process(name);
      if (!process.alive) return report('inconclusive', `${name} was dead already`);
      const goOn = process.pause();
      bed.at(atMs + forMs, () => {
        const seen = goOn();
        report(seen.outcome, toldOf(`${name} stood for ${forMs} ms`, seen));
      });
    });
  },
};
