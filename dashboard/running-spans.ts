/**
 * When each copy of a guest ran, and when none did. Derived from guest-started, guest-suspended and domain-destroyed.
 * The same domain exists on two hosts while it moves, so a span belongs to a domain on a host: the source's copy being
 * destroyed after the hand-over does not end the run on the target.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';

/** One copy of a guest executing on one host. `to` is null while it still runs at the end of the history. */
export type RunningSpan = {
  readonly domain: string;
  readonly host: string;
  readonly from: TrueNs;
  readonly to: TrueNs | null;
};

/** From a guest's stop to its next start. `to` is null when it never ran again. */
export type OutageSpan = { readonly domain: string; readonly from: TrueNs; readonly to: TrueNs | null };

/** The running spans of every domain, in order of their beginning. A guest that was never announced runs from its first probe. */
export function runningSpansOf(events: readonly HistoryEvent[]): RunningSpan[] {
  const open = new Map<string, RunningSpan>();
  const spans: RunningSpan[] = [];
  for (const event of events) {
    const host = event.host ?? '';
    if (event.kind === 'guest-started' || (event.kind === 'probe' && event.reading.vcpu !== 'offline')) {
      const key = keyOf(event.domain, host);
      const ended = spans.some((span) => keyOf(span.domain, span.host) === key && span.to !== null);
      // A probe opens a span only in a history that begins in mid-run: after a stop the guest must be announced again.
      if (open.has(key) || (event.kind === 'probe' && ended)) continue;
      open.set(key, { domain: event.domain, host, from: event.at, to: null });
    } else if (event.kind === 'guest-suspended' || event.kind === 'domain-destroyed') {
      const key = keyOf(event.domain, host);
      const span = open.get(key);
      if (span === undefined) continue;
      open.delete(key);
      spans.push({ ...span, to: event.at });
    }
  }
  spans.push(...open.values());
  return spans.sort((one, other) => Number(one.from - other.from));
}

/** The gaps between the running spans of each domain: what a user of the guest calls downtime. */
export function outagesOf(spans: readonly RunningSpan[]): OutageSpan[] {
  const outages: OutageSpan[] = [];
  for (const domain of new Set(spans.map((span) => span.domain))) {
    const own = spans.filter((span) => span.domain === domain);
    own.forEach((span, index) => {
      if (span.to !== null) outages.push({ domain, from: span.to, to: own[index + 1]?.from ?? null });
    });
  }
  return outages;
}

function keyOf(domain: string, host: string): string {
  return JSON.stringify([domain, host]);
}
