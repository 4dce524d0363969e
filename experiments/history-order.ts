/**
 * Events of several services as one history: what belongs to this run, counted from its origin, in one order.
 * Within a host the order of arrival is the order of happening; between hosts the name decides, so that the same run
 * gives the same bytes.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';

/** The history of a run that began at `origin`, from events as they arrived. */
export function historyOf(arrived: readonly HistoryEvent[], origin: TrueNs): readonly HistoryEvent[] {
  const begun = new Map<string, number>();
  arrived.forEach((event, index) => {
    if (event.kind === 'host-started' && event.host !== undefined) begun.set(event.host, index);
  });
  return (
    arrived
      // What a host said before it was configured belongs to the run before this one.
      .filter((event, index) => event.host === undefined || index >= (begun.get(event.host) ?? 0))
      .map((event) => ({ ...event, at: trueNs(event.at - origin) }))
      .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : compareTexts(a.host ?? '', b.host ?? '')))
  );
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
