/**
 * What nobody heard of. A node whose socket closes may have said something into it that never left, and one that is
 * killed takes along what it had gathered: real runs have such gaps, and their history says where. The simulator hears
 * everything. A checker that misses an event in a gap has not found anything; what it cannot say then is said here.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { secondsOf, type TrueNs } from '@skewbed/proto/units.ts';
import type { RunRecord } from './checker.ts';
import { Whereabouts } from './whereabouts.ts';

/** Events of this host may be missing that happened after `fromNs`, up to `toNs`. */
export type Unseen = { readonly host: string; readonly fromNs: bigint; readonly toNs: bigint };

const CODE = 'events-missing';
const TEXT = /^what happened here after (\d+) ns may be missing$/;

/** The event that says so; it stands at the end of the gap. */
export const missingEvents = (host: string, { fromNs, at }: { readonly fromNs: bigint; readonly at: TrueNs }) =>
  ({ at, host, kind: 'failure', code: CODE, message: `what happened here after ${fromNs} ns may be missing` }) as const;

/** Every gap of a history. */
export function unseenOf(events: readonly HistoryEvent[]): readonly Unseen[] {
  return events.flatMap((event): Unseen[] => {
    if (event.kind !== 'failure' || event.code !== CODE || event.host === undefined) return [];
    const from = TEXT.exec(event.message)?.[1];
    return from === undefined ? [] : [{ host: event.host, fromNs: BigInt(from), toNs: event.at }];
  });
}

/** Whether an event of this host may be missing that happened in [fromNs, toNs]. */
export const mayBeMissing = (unseen: readonly Unseen[], { host, fromNs, toNs }: Unseen): boolean =>
  unseen.some((gap) => gap.host === host && gap.fromNs < toNs && gap.toNs >= fromNs);

/**
 * From when on what is heard of a guest does not tell its whole story any more; null: it does to the end. A gap counts
 * where the guest had a copy, or got one by a move of which the beginning is not known.
 */
export function blindFrom({ events }: Pick<RunRecord, 'events'>, guest: string): bigint | null {
  const gaps = unseenOf(events).filter((gap) => concerns(gap, guest, events));
  return gaps.reduce<bigint | null>((least, { fromNs }) => (least === null || fromNs < least ? fromNs : least), null);
}

function concerns({ host, fromNs }: Unseen, guest: string, events: readonly HistoryEvent[]): boolean {
  const whereabouts = new Whereabouts();
  for (const event of events) {
    if (event.at <= fromNs) {
      whereabouts.take(event);
      continue;
    }
    if (whereabouts.on(guest).includes(host)) return true;
    if (event.host !== host || !('domain' in event) || event.domain !== guest) continue;
    return !(event.kind === 'migration' && event.phase === 'target preparing');
  }
  return whereabouts.on(guest).includes(host);
}

/** What the checkers could not judge of a run, in words. */
export function unjudged(record: RunRecord): readonly string[] {
  const { schedule, origin, events, journal } = record;
  const lines = schedule.guests.flatMap(({ name }) => {
    const blind = blindFrom(record, name);
    if (blind === null) return [];
    const after = secondsOf(blind > origin ? blind - origin : 0n).toFixed(3);
    return [`freeze, hang: nothing is said of ${name} after ${after} s, because events of a host of it may be missing`];
  });
  const hosts = [...new Set(unseenOf(events).map(({ host }) => host))];
  if (hosts.length > 0)
    lines.push(`copies, journal, frames, wall: what needs an event of ${hosts.join(', ')} in a gap is no finding`);
  if (journal === null) lines.push('journal: the journal of this coordinator is out of reach');
  return lines;
}
