/**
 * A connection is lost: everything open between a host and the coordinator breaks, at an instant, a byte, a message or a
 * phase of a migration, and nobody gets through until it heals.
 */
import type { Static } from 'typebox';
import { between, pick } from '../draws.ts';
import { drawTrigger, TriggerFields, triggerText } from '../trigger.ts';
import { type FaultKind, toldOf } from './fault.ts';
import { faultFields, HostName, LengthMs } from './fields.ts';

const schema = faultFields('cut', { host: HostName, when: TriggerFields, waitsMs: LengthMs, forMs: LengthMs });
export type CutFault = Static<typeof schema>;

export const cut: FaultKind<CutFault> = {
  kind: 'cut',
  about: 'link',
  text: 'all connections of a node break at an instant, a byte, a message or a phase, for up to 10 s',
  schema,
  draw: (random, { hosts, atMs }) => ({
    kind: 'cut',
    atMs,
    host: pick(random, hosts),
    when: drawTrigger(random),
    waitsMs: 40_000,
    forMs: between(random, 1, 10_000),
  }),
  magnitudes: [],
  lastsMs: ({ waitsMs, forMs }) => waitsMs + forMs,
  inject({ atMs, host, when, waitsMs, forMs }, bed, report) {
    bed.at(atMs, () => {
      const link = bed.link(host);
      let struck = false;
      const strike = (): void => {
        struck = true;
        const heal = link.cut();
        bed.after(forMs, () => {
          const seen = heal();
          report(seen.outcome, toldOf(`the link of ${host} was cut ${triggerText(when)}`, seen));
        });
      };
      if (when.on === 'time') return strike();
      const stopWaiting = link.when(when, strike);
      bed.at(atMs + waitsMs, () => {
        stopWaiting();
        if (!struck) report('inconclusive', `no such message passed the link of ${host}`);
      });
    });
  },
};
