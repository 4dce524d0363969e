/**
 * wc + system time is the wall of the host (facts K.7.1): whenever somebody sets a host's clock, Xen tells every domain on
 * it the new wc, and a guest that is restored there finds the host's, whatever it brought along. Between two settimes a
 * wall that drifts is not published, on purpose.
 */
import type { EventOf } from '@skewbed/proto/history.ts';
import type { Checker, Violation } from './checker.ts';
import { mayBeMissing, unseenOf } from './unseen.ts';
import { Whereabouts } from './whereabouts.ts';

type Owed = { readonly at: bigint; readonly host: string; readonly wcNs: bigint; readonly guests: Set<string> };

export const wall: Checker = {
  name: 'wall',
  text: 'wc + system time is the wall of the host, after each settime and each restore (K.7.1)',
  check({ schedule, events }) {
    // With an offset per domain a domain's system time is not the host's.
    const plain = new Set(schedule.hosts.filter(({ patches }) => patches.length === 0).map(({ name }) => name));
    const whereabouts = new Whereabouts();
    const wcOf = new Map<string, bigint>();
    const published = new Map<string, bigint>();
    const violations: Violation[] = [];
    const unseen = unseenOf(events);
    /** The last event of each host, and those whose wall may have been set since without being heard. */
    const heardAt = new Map<string, bigint>();
    const unsure = new Set<string>();
    let owed: Owed | null = null;
    const settle = (): void => {
      if (owed !== null)
        for (const guest of owed.guests)
          violations.push({
            checker: 'wall',
            atNs: owed.at,
            what: `${owed.host} set its clock, and ${guest} was not told`,
          });
      owed = null;
    };
    for (const event of events) {
      const { host } = event;
      if (host === undefined || !plain.has(host)) continue;
      if (owed !== null && (event.at !== (owed as Owed).at || host !== (owed as Owed).host || event.kind === 'settime'))
        settle();
      whereabouts.take(event);
      if (mayBeMissing(unseen, { host, fromNs: heardAt.get(host) ?? 0n, toNs: event.at })) unsure.add(host);
      heardAt.set(host, event.at);
      switch (event.kind) {
        case 'settime': {
          unsure.delete(host);
          const wcNs = (event.wallNs as bigint) - (event.uptimeNs as bigint);
          wcOf.set(host, wcNs);
          const guests: string[] = schedule.guests
            .map(({ name }) => name)
            .filter((name) => whereabouts.on(name).includes(host));
          owed = { at: event.at, host, wcNs, guests: new Set(guests) };
          break;
        }
        case 'wallclock-published':
          published.set(`${event.domain} ${host}`, event.wcNs);
          if (owed !== null && event.wcNs === (owed as Owed).wcNs) (owed as Owed).guests.delete(event.domain);
          break;
        case 'guest-started':
          if (unsure.has(host)) break;
          violations.push(...startedWith(event, published.get(`${event.domain} ${host}`), wcOf.get(host)));
          break;
        default:
      }
    }
    settle();
    return violations;
  },
};

function startedWith(
  { at, domain, host }: EventOf<'guest-started'>,
  published: bigint | undefined,
  wcNs: bigint | undefined,
): Violation[] {
  if (published === wcNs) return [];
  return [
    {
      checker: 'wall',
      atNs: at,
      what: `${domain} starts on ${host} with wc ${published} ns; the host's is ${wcNs} ns`,
    },
  ];
}
