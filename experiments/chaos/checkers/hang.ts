/**
 * What James Song saw: a program that sleeps for a second does not come back. Not a violation by itself (the kernels of
 * the thread do hang, and faithfully so), but what `skewbed chaos --find hang` looks for, to find the smallest cause.
 */
import type { EventOf } from '@skewbed/proto/history.ts';
import { endOf, type RunRecord, type Violation } from './checker.ts';
import { blindFrom } from './unseen.ts';

const TICK_NS = 10_000_000n;
/** A tick until it is noticed, one for the phase, one to spare. */
const GRAIN_NS = 3n * TICK_NS;

export const hang = {
  name: 'hang',
  text: 'a sleep of a second comes back in time, within three ticks, where nobody moves the guest meanwhile',
  check(record: RunRecord): readonly Violation[] {
    const asleep = new Map<string, EventOf<'timer-armed'>>();
    const violations: Violation[] = [];
    const blind = new Map(record.schedule.guests.map(({ name }) => [name, blindFrom(record, name)]));
    const late = ({ at, domain, lengthNs }: EventOf<'timer-armed'>, back: bigint, how: string): void => {
      // Whether it was moved meanwhile is not known.
      if ((blind.get(domain) ?? back) < back) return;
      const by = back - at - lengthNs;
      if (by > GRAIN_NS)
        violations.push({
          checker: 'hang',
          atNs: at,
          what: `a sleep of ${lengthNs} ns in ${domain} ${how} ${by} ns late`,
        });
    };
    for (const event of record.events) {
      if (!('domain' in event)) continue;
      const key = 'timer' in event ? `${event.domain} ${event.timer}` : '';
      if (event.kind === 'timer-armed') asleep.set(key, event);
      if (event.kind === 'timer-returned') {
        const armed = asleep.get(key);
        if (armed !== undefined) late(armed, event.at, 'is');
        asleep.delete(key);
      }
      if (event.kind === 'guest-suspended' || event.kind === 'domain-destroyed') {
        for (const [name, armed] of asleep) if (armed.domain === event.domain) asleep.delete(name);
      }
    }
    for (const armed of asleep.values()) late(armed, endOf(record), 'never came back: it is');
    return violations.slice(0, 1);
  },
} as const;
