/**
 * What is heard of a run on real nodes, from two sides: of each node what it says on its control socket, as the proxy or
 * a runner reads it, and of the coordinator what it tells runners. Nobody hears what a node had not sent yet when its
 * socket closed: from the last that it said until then its history may have a gap, and that is kept, too.
 */
import type { RunnerClient } from '@skewbed/coordinator/core/runner-client.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { EVENTS_PER_MESSAGE_MAX } from '@skewbed/proto/limits.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { isMachineCrash } from '../checkers/checker.ts';
import { missingEvents, type Unseen } from '../checkers/unseen.ts';
import { eventText } from '../event-text.ts';

/** Which of a runner's events are wanted. */
type Wanted = (event: HistoryEvent) => boolean;

export class Heard {
  /** In the order in which it was heard. */
  readonly history: HistoryEvent[] = [];
  readonly #gaps: Unseen[] = [];
  readonly #lastOf = new Map<string, bigint>();
  readonly #fromRunners = new Set<string>();

  record(events: readonly HistoryEvent[]): void {
    for (const event of events) this.history.push(event);
  }

  /** A host said this. */
  said(host: string, events: readonly HistoryEvent[]): void {
    for (const event of events) {
      this.history.push(event);
      if (event.at > (this.#lastOf.get(host) ?? 0n)) this.#lastOf.set(host, event.at);
    }
  }

  /** The socket on which a host says what happened is closed at this instant. */
  lost(host: string, at: TrueNs): void {
    this.#gaps.push({ host, fromNs: this.#lastOf.get(host) ?? 0n, toNs: at });
  }

  /**
   * Takes what a coordinator tells a runner which has just been welcomed, and what it told before: that is asked for page
   * by page, and what arrives meanwhile is in the last page as well.
   */
  listen(client: RunnerClient, wanted: Wanted): void {
    let caughtUp = false;
    client.onEvents((events) => {
      if (caughtUp) this.#told(events, wanted);
    });
    const page = (from: number): void =>
      client.request('coordinator', { command: 'history', from, most: EVENTS_PER_MESSAGE_MAX }, (outcome) => {
        if (!outcome.ok) return;
        const { events, next } = outcome.result;
        this.#told(events, wanted);
        if (events.length < EVENTS_PER_MESSAGE_MAX) caughtUp = true;
        else page(next);
      });
    page(0);
  }

  /** In the order of its instants, counted from `start`; what a machine said before it died stands before its death. */
  inOrder(start: TrueNs): HistoryEvent[] {
    const counted = this.history.map((event): HistoryEvent => ({ ...event, at: trueNs(event.at - start) }));
    const gaps = this.#gaps.map(({ host, fromNs, toNs }) =>
      missingEvents(host, { fromNs: fromNs > start ? fromNs - start : 0n, at: trueNs(toNs - start) }),
    );
    const sorted = [...counted, ...gaps].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    const ordered: HistoryEvent[] = [];
    const dead = new Map<string, number>();
    for (const event of sorted) {
      const { host } = event;
      const diedAt = host === undefined ? undefined : dead.get(host);
      if (host !== undefined && isMachineCrash(event)) dead.set(host, ordered.length);
      if (host !== undefined && event.kind === 'host-started') dead.delete(host);
      if (diedAt === undefined || event.kind === 'host-started' || event.kind === 'failure') ordered.push(event);
      else insertBefore(ordered, event, { diedAt, dead });
    }
    return ordered;
  }

  #told(events: readonly HistoryEvent[], wanted: Wanted): void {
    for (const event of events) {
      if (!wanted(event)) continue;
      const text = eventText(event);
      if (this.#fromRunners.has(text)) continue;
      this.#fromRunners.add(text);
      this.history.push(event);
    }
  }
}

/** A clock that was a little ahead of true time when its machine died. */
function insertBefore(
  ordered: HistoryEvent[],
  event: HistoryEvent,
  { diedAt, dead }: { readonly diedAt: number; readonly dead: Map<string, number> },
): void {
  const { at } = ordered[diedAt] as HistoryEvent;
  ordered.splice(diedAt, 0, { ...event, at });
  for (const [host, index] of dead) if (index >= diedAt) dead.set(host, index + 1);
}
