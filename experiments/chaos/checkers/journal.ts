/**
 * The coordinator's journal and the nodes agree: nobody starts a guest or destroys a copy before the commit line of that
 * migration is durable, and what was committed was done, unless the machine that was to do it died.
 */
import { type CommittedLine, readJournalLine } from '@skewbed/proto/journal-file.ts';
import { type Checker, endOf, isMachineCrash, type Violation } from './checker.ts';
import { mayBeMissing, unseenOf } from './unseen.ts';

export const journal: Checker = {
  name: 'journal',
  text: 'no copy starts or is destroyed before the commit line is durable; what was committed was done',
  check(record) {
    const { events, journal: lines } = record;
    if (lines === null) return [];
    const unseen = unseenOf(events);
    const committed = new Map<string, CommittedLine>();
    for (const [index, text] of lines.entries()) {
      const line = readJournalLine(text, `journal line ${index + 1}`);
      if (line.line === 'committed') committed.set(line.migration, line);
    }
    const violations: Violation[] = [];
    const say = (atNs: bigint, what: string): void => void violations.push({ checker: 'journal', atNs, what });
    const taken = new Set<string>();
    const died = new Set<string>();
    for (const event of events) {
      if (isMachineCrash(event)) died.add(event.host as string);
      const migration = handedOver(event);
      if (migration === null) continue;
      const line = committed.get(migration);
      if (line === undefined)
        say(event.at, `${event.host} took ${migration} as committed; the journal has no such line`);
      else if (line.at > event.at)
        say(event.at, `${event.host} took ${migration} as committed ${line.at - event.at} ns too early`);
      if (event.kind === 'migration' && event.phase === 'target committed') taken.add(migration);
    }
    for (const [migration, { to, domain, at }] of committed)
      if (
        !taken.has(migration) &&
        !died.has(to) &&
        !mayBeMissing(unseen, { host: to, fromNs: at, toNs: endOf(record) })
      )
        say(endOf(record), `${migration} was committed, and ${to} never took ${domain}`);
    return violations;
  },
};

/** The migration which this event of a node takes for committed. */
function handedOver(event: Parameters<Checker['check']>[0]['events'][number]): string | null {
  if (event.kind !== 'migration' || event.host === undefined) return null;
  return event.phase === 'target committed' || event.phase === 'source destroyed' ? event.migration : null;
}
