/** What guests have in memory is sound: p2m a bijection, page tables lead where they should, the writer's pages hold. */
import type { Checker, Violation } from './checker.ts';

export const memory: Checker = {
  name: 'memory',
  text: 'the p2m is a bijection onto frames of the domain, page tables lead to the right ones, written pages hold',
  check: ({ events }) =>
    events.flatMap((event): Violation[] => {
      const say = (what: string): Violation[] => [{ checker: 'memory', atNs: event.at, what }];
      if (event.kind === 'memory-audit' && !event.ok)
        return say(`${event.domain} on ${event.host}: ${event.problems.slice(0, 3).join('; ')}`);
      if (event.kind === 'writer-checked' && event.badPages.length > 0)
        return say(
          `${event.domain} on ${event.host}: pages ${event.badPages.slice(0, 8).join(', ')} are not as written`,
        );
      return [];
    }),
};
