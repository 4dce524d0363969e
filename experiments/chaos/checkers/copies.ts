/**
 * At every instant at most one copy of a guest runs, and in the end exactly one, unless a machine died with a copy on it.
 * Read from what the hosts say that they started, suspended and destroyed, not from what the coordinator believes. Where
 * the stop of a copy may be among what nobody heard, two copies are two only if the first shows itself running later.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { showsRunning } from '../../checkers/signs-of-life.ts';
import { type Checker, endOf, isMachineCrash, type RunRecord, type Violation } from './checker.ts';
import { mayBeMissing, type Unseen, unseenOf } from './unseen.ts';
import { Whereabouts } from './whereabouts.ts';

export const copies: Checker = {
  name: 'copies',
  text: 'never two running copies of a guest; one copy in the end, unless a machine died with one',
  check(record) {
    const { schedule, events } = record;
    const unseen = unseenOf(events);
    const whereabouts = new Whereabouts();
    const signs = new Map<string, bigint>();
    const excused = new Set<string>();
    const violations: Violation[] = [];
    const doubled = new Set<string>();
    for (const [index, event] of events.entries()) {
      if (isMachineCrash(event)) {
        for (const { name } of schedule.guests)
          if (whereabouts.on(name).includes(event.host as string)) excused.add(name);
      }
      whereabouts.take(event);
      if (showsRunning(event)) signs.set(`${event.domain} ${event.host}`, event.at);
      if (event.kind !== 'guest-started') continue;
      const { domain, at } = event;
      for (const host of whereabouts.runningOn(domain)) {
        const fromNs = signs.get(`${domain} ${host}`) ?? 0n;
        if (host === event.host || !mayBeMissing(unseen, { host, fromNs, toNs: at })) continue;
        if (!runsAfter(events.slice(index + 1), domain, host)) whereabouts.doubt(domain, host);
      }
      const on = whereabouts.runningOn(domain);
      if (on.length < 2 || doubled.has(domain)) continue;
      doubled.add(domain);
      violations.push({ checker: 'copies', atNs: at, what: `${domain} runs on ${on.join(' and on ')} at once` });
    }
    for (const { name } of schedule.guests) {
      if (excused.has(name) || endMayBeMissing(record, name, unseen)) continue;
      const problem = problemAtEnd(name, whereabouts);
      if (problem !== null) violations.push({ checker: 'copies', atNs: endOf(record), what: problem });
    }
    return violations;
  },
};

function problemAtEnd(name: string, whereabouts: Whereabouts): string | null {
  const on = whereabouts.on(name);
  if (whereabouts.runningOn(name).length > 0)
    return on.length > 1 ? `${name} has copies on ${on.join(' and ')} at the end; one should be left` : null;
  const where = on.length === 0 ? 'nowhere' : `paused on ${on.join(' and ')}`;
  return `${name} is ${where} at the end, and no machine died with it`;
}

/** Whether it shows itself running there, before it is started there anew. */
function runsAfter(events: readonly HistoryEvent[], domain: string, host: string): boolean {
  for (const event of events) {
    if (event.host !== host || !('domain' in event) || event.domain !== domain) continue;
    if (event.kind === 'guest-started') return false;
    if (showsRunning(event)) return true;
  }
  return false;
}

/** After the last that is known of its copies something may have become of them. */
function endMayBeMissing(record: RunRecord, guest: string, unseen: readonly Unseen[]): boolean {
  const last = record.events.findLast((event) => 'domain' in event && event.domain === guest && COPIES.has(event.kind));
  const [fromNs, toNs] = [last?.at ?? 0n, endOf(record)];
  return record.schedule.hosts.some(({ name }) => mayBeMissing(unseen, { host: name, fromNs, toNs }));
}

/** What makes, moves and ends copies. */
const COPIES: ReadonlySet<HistoryEvent['kind']> = new Set([
  'domain-created',
  'guest-started',
  'guest-suspended',
  'domain-destroyed',
]);
