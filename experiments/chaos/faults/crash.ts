/**
 * A process dies as with kill -9, at an instant or at a message of its own, and is started again after a while. A
 * coordinator finds its journal again, without the lines that were not synced yet. A node is its host: the guests on it
 * are gone with it, and it comes back as a machine that has just booted.
 */
import type { Static } from 'typebox';
import { between, chance, pick } from '../draws.ts';
import { drawTrigger, TriggerFields, triggerText } from '../trigger.ts';
import { type FaultKind, toldOf } from './fault.ts';
import { faultFields, HostName, LengthMs } from './fields.ts';

const schema = faultFields('crash', { process: HostName, when: TriggerFields, waitsMs: LengthMs, forMs: LengthMs });
export type CrashFault = Static<typeof schema>;

export const crash: FaultKind<CrashFault> = {
  kind: 'crash',
  about: 'process',
  text: 'coordinator or node dies at an instant, a byte, a message or a phase, and is started again within 10 s',
  schema,
  draw: (random, { hosts, atMs }) => ({
    kind: 'crash',
    atMs,
    process: chance(random, 60) ? 'coordinator' : pick(random, hosts),
    when: drawTrigger(random),
    waitsMs: 40_000,
    forMs: between(random, 1, 10_000),
  }),
  magnitudes: [],
  lastsMs: ({ waitsMs, forMs }) => waitsMs + forMs,
  inject({ atMs, process: name, when, waitsMs, forMs }, bed, report) {
    bed.at(atMs, () => {
      const process = bed.process(name);
      let struck = false;
      const strike = (): void => {
        struck = true;
        if (!process.alive) {
          report('inconclusive', `${name} was dead already`);
          return;
        }
        process.crash((seen) => report(seen.outcome, toldOf(`${name} died ${triggerText(when)}`, seen)));
        bed.after(forMs, () => process.restart());
      };
      if (when.on === 'time') return strike();
      const stopWaiting = process.when(when, strike);
      bed.at(atMs + waitsMs, () => {
        stopWaiting();
        if (!struck) report('inconclusive', `no such message passed a link of ${name}`);
      });
    });
  },
};
