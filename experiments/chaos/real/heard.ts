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

/** What is taken of what a coordinator tells a runner. */
export type Hearing = {
  readonly wanted: (event: HistoryEvent) => boolean;
  /** The number from which on a coordinator that has been there for long is asked. */
  readonly from?: number;
  /** An event as this run's history has it. */
  readonly read?: (event: HistoryEvent) => HistoryEvent;
  /** Given where hosts are heard by the coordinator alone. */
  readonly now?: () => TrueNs;
};

/** So long after its link broke something of a host may still arrive that was on its way. */
const ON_ITS_WAY_NS = 1_000_000_000n;

export class Heard {
  /** In the order in which it was heard. */
  readonly history: HistoryEvent[] = [];
  readonly #gaps: Unseen[] = [];
  readonly #lastOf = new Map<string, bigint>();
  readonly #fromRunners = new Set<string>();
  /** Hosts whose link was broken, with when, and what they had said last; until they are heard again. */
  readonly #losing = new Map<string, { readonly fromNs: bigint; since: bigint | null }>();

  record(events: readonly HistoryEvent[]): void {
    for (const event of events) this.history.push(event);
  }

  /** A host said this. */
  said(host: string, events: readonly HistoryEvent[]): void {
    for (const event of events) {
      if (event.kind === 'host-started') this.#forget(host, event.at);
      this.history.push(event);
      if (event.at > (this.#lastOf.get(host) ?? 0n)) this.#lastOf.set(host, event.at);
    }
  }

  /** A node that had a host before it was given ours: what that one said since is none of this run. */
  #forget(host: string, since: TrueNs): void {
    const kept = this.history.filter((event) => event.host !== host || event.at < since || event.kind === 'failure');
    this.history.splice(0, this.history.length, ...kept);
  }

  /** The socket on which a host says what happened is closed at this instant. */
  lost(host: string, at: TrueNs): void {
    this.#gaps.push({ host, fromNs: this.#lastOf.get(host) ?? 0n, toNs: at });
  }

  /** The way of this host to the coordinator is about to break: what it says is lost until it is heard again. */
  losing(host: string): void {
    if (!this.#losing.has(host)) this.#losing.set(host, { fromNs: this.#lastOf.get(host) ?? 0n, since: null });
  }

  /** Now it is broken: whatever comes well after this comes over a new one. */
  broke(host: string, now: TrueNs): void {
    const lost = this.#losing.get(host);
    if (lost !== undefined) lost.since = now;
  }

  /**
   * Takes what a coordinator tells a runner which has just been welcomed, and what it told before: that is asked for page
   * by page, and what arrives meanwhile is in the last page as well.
   */
  listen(client: RunnerClient, hearing: Hearing): void {
    let caughtUp = false;
    client.onEvents((events) => {
      if (caughtUp) this.#told(events, hearing);
    });
    const page = (from: number): void =>
      client.request('coordinator', { command: 'history', from, most: EVENTS_PER_MESSAGE_MAX }, (outcome) => {
        if (!outcome.ok) return;
        const { first, events, next } = outcome.result;
        // A coordinator that was started anew counts from the beginning.
        if (first < from) return page(0);
        this.#told(events, hearing);
        if (events.length < EVENTS_PER_MESSAGE_MAX) caughtUp = true;
        else page(next);
      });
    page(hearing.from ?? 0);
  }

  /** In the order of its instants, counted from `start`; what a machine said before it died stands before its death. */
  inOrder(start: TrueNs): HistoryEvent[] {
    const end = this.history.reduce((last, { at }) => (at > last ? at : last), start as bigint);
    for (const [host, { fromNs }] of this.#losing) this.#gaps.push({ host, fromNs, toNs: end });
    this.#losing.clear();
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

  #told(events: readonly HistoryEvent[], { wanted, read, now }: Hearing): void {
    for (const event of events) {
      if (!wanted(event)) continue;
      const text = eventText(event);
      if (this.#fromRunners.has(text)) continue;
      this.#fromRunners.add(text);
      const own = read?.(event) ?? event;
      if (own.host === undefined || now === undefined) this.history.push(own);
      else {
        this.#heardAgain(own.host, { at: own.at, now: now() });
        this.said(own.host, [own]);
      }
    }
  }

  #heardAgain(host: string, { at, now }: { readonly at: bigint; readonly now: bigint }): void {
    const lost = this.#losing.get(host);
    if (lost === undefined || lost.since === null || now - lost.since < ON_ITS_WAY_NS) return;
    this.#gaps.push({ host, fromNs: lost.fromNs, toNs: at });
    this.#losing.delete(host);
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
