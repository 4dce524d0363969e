/**
 * At every instant at most one copy of a guest runs, and in the end exactly one, unless a machine died with a copy on it.
 * Read from what the hosts say that they started, suspended and destroyed, not from what the coordinator believes.
 */
import { type Checker, endOf, isMachineCrash, type Violation } from './checker.ts';
import { Whereabouts } from './whereabouts.ts';

export const copies: Checker = {
  name: 'copies',
  text: 'never two running copies of a guest; one copy in the end, unless a machine died with one',
  check(record) {
    const { schedule, events } = record;
    const whereabouts = new Whereabouts();
    const excused = new Set<string>();
    const violations: Violation[] = [];
    const doubled = new Set<string>();
    for (const event of events) {
      if (isMachineCrash(event)) {
        for (const { name } of schedule.guests)
          if (whereabouts.on(name).includes(event.host as string)) excused.add(name);
      }
      whereabouts.take(event);
      if (event.kind !== 'guest-started') continue;
      const on = whereabouts.runningOn(event.domain);
      if (on.length < 2 || doubled.has(event.domain)) continue;
      doubled.add(event.domain);
      violations.push({
        checker: 'copies',
        atNs: event.at,
        what: `${event.domain} runs on ${on.join(' and on ')} at once`,
      });
    }
    for (const { name } of schedule.guests) {
      const on = whereabouts.on(name);
      if (excused.has(name)) continue;
      if (whereabouts.runningOn(name).length > 0) {
        if (on.length > 1)
          violations.push({
            checker: 'copies',
            atNs: endOf(record),
            what: `${name} has copies on ${on.join(' and ')} at the end; one should be left`,
          });
        continue;
      }
      const where = on.length === 0 ? 'nowhere' : `paused on ${on.join(' and ')}`;
      violations.push({
        checker: 'copies',
        atNs: endOf(record),
        what: `${name} is ${where} at the end, and no machine died with it`,
      });
    }
    return violations;
  },
};
