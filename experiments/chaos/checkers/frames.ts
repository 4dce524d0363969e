/** Machine frames are conserved: in the end a host's frames are free, or belong to the copies that are on it. */
import type { Checker, Violation } from './checker.ts';
import { mayBeMissing, unseenOf } from './unseen.ts';
import { Whereabouts } from './whereabouts.ts';

/** Beside its pages a domain has its shared_info. */
const SHARED_INFO_FRAMES = 1;

export const frames: Checker = {
  name: 'frames',
  text: 'in the end every frame of a host is free or of a guest that is on it: nothing leaks, nothing is given twice',
  check({ schedule, events }) {
    const whereabouts = new Whereabouts();
    const unseen = unseenOf(events);
    /** What the host itself names, where it is not known which copies it has. */
    const named = new Set<string>();
    const violations: Violation[] = [];
    for (const event of events) {
      whereabouts.take(event);
      if (event.kind === 'memory-audit') named.add(`${event.domain} ${event.host} ${event.at}`);
      if (event.kind !== 'frames-audit' || event.host === undefined) continue;
      const { host, at, owned, problems } = event;
      const say = (what: string): void =>
        void violations.push({ checker: 'frames', atNs: at, what: `${host}: ${what}` });
      if (!event.ok) say(problems.slice(0, 3).join('; '));
      const heard = !mayBeMissing(unseen, { host, fromNs: 0n, toNs: at });
      const there = schedule.guests.filter(({ name }) =>
        heard ? whereabouts.on(name).includes(host) : named.has(`${name} ${host} ${at}`),
      );
      const wanted = there.reduce((sum, { pages }) => sum + pages + SHARED_INFO_FRAMES, 0);
      if (owned !== wanted)
        say(
          `${owned} frames have owners; ${there.map(({ name }) => name).join(', ') || 'no guest'} there has ${wanted}`,
        );
    }
    return violations;
  },
};
