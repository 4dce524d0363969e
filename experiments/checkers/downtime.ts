/**
 * How long the guest did not run, on true time, as an interval: the stop is known by one host and the run by another,
 * each within what it does not know about true time. The parts are what the services measured themselves.
 */
import type { EventOf, HistoryEvent } from '@skewbed/proto/history.ts';
import type { DurationNs } from '@skewbed/proto/units.ts';

export type Downtime = {
  readonly loNs: DurationNs;
  readonly hiNs: DurationNs;
  readonly partsNs: Readonly<Record<string, DurationNs>>;
};

/** The downtime of the move in a history; zero when the guest was never stopped. */
export function downtimeOf(events: readonly HistoryEvent[]): Downtime {
  const stopped = events.find((event) => event.kind === 'guest-suspended');
  const ran = events.find((event) => event.kind === 'guest-started' && event.how !== 'booted');
  if (stopped === undefined || ran === undefined) return { loNs: 0n, hiNs: 0n, partsNs: {} };
  const doubtNs = doubtOf(events, stopped.host) + (ran.host === stopped.host ? 0n : doubtOf(events, ran.host));
  const ns = ran.at - stopped.at;
  const parts = events.filter((event): event is EventOf<'downtime-part'> => event.kind === 'downtime-part');
  return {
    loNs: ns > doubtNs ? ns - doubtNs : 0n,
    hiNs: ns + doubtNs,
    partsNs: Object.fromEntries(parts.map((part) => [part.part, (part.loNs + part.hiNs) / 2n])),
  };
}

function doubtOf(events: readonly HistoryEvent[], host: string | undefined): DurationNs {
  return events
    .flatMap((event) => (event.kind === 'clock-read' && event.host === host ? [event.uncertaintyNs] : []))
    .reduce((most, ns) => (ns > most ? ns : most), 0n);
}
