/** Machine frames are conserved: in the end a host's frames are free, or belong to the copies that are on it. */
import type { Checker, Violation } from './checker.ts';
import { Whereabouts } from './whereabouts.ts';

/** Beside its pages a domain has its shared_info. */
const SHARED_INFO_FRAMES = 1;

export const frames: Checker = {
  name: 'frames',
  text: 'in the end every frame of a host is free or of a guest that is on it: nothing leaks, nothing is given twice',
  check({ schedule, events }) {
    const whereabouts = new Whereabouts();
    const violations: Violation[] = [];
    for (const event of events) {
      whereabouts.take(event);
      if (event.kind !== 'frames-audit' || event.host === undefined) continue;
      const { host, at, owned, problems } = event;
      const say = (what: string): void =>
        void violations.push({ checker: 'frames', atNs: at, what: `${host}: ${what}` });
      if (!event.ok) say(problems.slice(0, 3).join('; '));
      const there = schedule.guests.filter(({ name }) => whereabouts.on(name).includes(host));
      const wanted = there.reduce((sum, { pages }) => sum + pages + SHARED_INFO_FRAMES, 0);
      if (owned !== wanted)
        say(
          `${owned} frames have owners; ${there.map(({ name }) => name).join(', ') || 'no guest'} there has ${wanted}`,
        );
    }
    return violations;
  },
};
