/**
 * A chaos run as lanes over time: a lane for each host with the copies of guests that run on it and the faults that strike
 * it, one for the coordinator; moves lead from lane to lane; violations cut through all. Data only, in ms after the run's
 * origin; lanes-drawing.ts draws it. The long quiet at the end, in which nothing happens, is left out.
 */
import { type RunningSpan, runningSpansOf } from '@skewbed/dashboard/running-spans.ts';
import type { EventOf, HistoryEvent } from '@skewbed/proto/history.ts';
import { isMachineCrash, type RunRecord, type Violation } from '../checkers/checker.ts';
import { msOfNs } from '../duration.ts';
import type { Outcome } from '../faults/fault.ts';
import { type Fault, kindOf } from '../faults/index.ts';
import { quietFromMs, type Schedule } from '../schedule.ts';

export type Stretch = { readonly fromMs: number; readonly toMs: number };
export type GuestBar = Stretch & { readonly guest: string };
/** A fault with how it was read back; null when nobody said. */
export type LaneFault = Stretch & {
  readonly number: number;
  readonly fault: Fault;
  readonly outcome: Outcome | null;
  readonly detail: string;
};
export type Lane = {
  /** A host's name, or 'coordinator'. */
  readonly name: string;
  readonly bars: readonly GuestBar[];
  /** When its machine was dead. */
  readonly dead: readonly Stretch[];
  readonly faults: readonly LaneFault[];
};
export type LaneMove = {
  readonly migration: string;
  readonly guest: string;
  readonly from: string | null;
  readonly to: string;
  readonly stoppedMs: number | null;
  readonly ranMs: number | null;
  /** 'running', 'aborted', or the last phase that anybody told. */
  readonly ended: string;
  readonly detail: string;
};
export type LaneViolation = { readonly number: number; readonly atMs: number } & Violation;
export type Lanes = {
  readonly toMs: number;
  /** How much of the run is not shown. */
  readonly quietMs: number;
  readonly lanes: readonly Lane[];
  readonly moves: readonly LaneMove[];
  readonly violations: readonly LaneViolation[];
};

/** Shown after the last fault: what it leads to comes soon or not at all. */
const AFTERMATH_MS = 12_000;
const COORDINATOR = 'coordinator';

/** The lanes of a run. */
export function lanesOf(record: RunRecord, violations: readonly Violation[]): Lanes {
  const { schedule, origin } = record;
  const events = withLosses(inOrder(record.events));
  const ms = (at: bigint): number => Math.max(0, msOfNs(at - origin));
  const endMs = ms(events.at(-1)?.at ?? origin);
  const numbered = violations.map((violation, index) => ({
    ...violation,
    number: index + 1,
    atMs: ms(violation.atNs),
  }));
  // What is found at the end of the run is marked at the end of what is shown.
  const early = numbered.filter(({ atMs }) => atMs < endMs - 1).map(({ atMs }) => atMs + 2000);
  const toMs = Math.min(endMs, Math.max(quietFromMs(schedule) + AFTERMATH_MS, ...early));
  const spans = runningSpansOf(events);
  const faults = faultsOf(schedule, { events, ms });
  const names = [...schedule.hosts.map(({ name }) => name), COORDINATOR];
  return {
    toMs,
    quietMs: Math.max(0, endMs - toMs),
    lanes: names.map((name) => ({
      name,
      bars: spans.filter(({ host }) => host === name).map((span) => barOf(span, { ms, toMs })),
      dead: deadOf(events, name, { ms, toMs }),
      faults: faults.filter(({ fault }) => laneOf(fault) === name),
    })),
    moves: schedule.moves.map((move, index) => moveOf(move, `m${index + 1}`, { events, spans, ms })),
    violations: numbered.map((violation) => ({ ...violation, atMs: Math.min(violation.atMs, toMs) })),
  };
}

/** In order of true time; at one instant in the order in which it was told. */
export const inOrder = (events: readonly HistoryEvent[]): readonly HistoryEvent[] =>
  events.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));

/** A machine that dies says nothing more: what was on it ends there. */
export function withLosses(events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  const guests = new Set(events.flatMap((event) => (event.kind === 'guest-started' ? [event.domain] : [])));
  return events.flatMap((event): HistoryEvent[] => {
    if (!isMachineCrash(event)) return [event];
    const { at, host } = event;
    const lost = [...guests].map((domain): HistoryEvent => {
      return { at, ...(host === undefined ? {} : { host }), kind: 'domain-destroyed', domain, why: 'its machine died' };
    });
    return [event, ...lost.filter((loss) => runsAt(events, loss as EventOf<'domain-destroyed'>))];
  });
}

function runsAt(events: readonly HistoryEvent[], { at, host, domain }: EventOf<'domain-destroyed'>): boolean {
  let runs = false;
  for (const event of events) {
    if (event.at > at) break;
    if (event.host !== host || !('domain' in event) || event.domain !== domain) continue;
    if (event.kind === 'guest-started') runs = true;
    if (event.kind === 'guest-suspended' || event.kind === 'domain-destroyed') runs = false;
  }
  return runs;
}

type Scale = { readonly ms: (at: bigint) => number; readonly toMs: number };

const barOf = ({ domain, from, to }: RunningSpan, { ms, toMs }: Scale): GuestBar => ({
  guest: domain,
  fromMs: Math.min(ms(from), toMs),
  toMs: to === null ? toMs : Math.min(ms(to), toMs),
});

function deadOf(events: readonly HistoryEvent[], host: string, { ms, toMs }: Scale): Stretch[] {
  const dead: Stretch[] = [];
  let since: number | null = null;
  for (const event of events) {
    if (event.host !== host) continue;
    if (isMachineCrash(event)) since = ms(event.at);
    if (event.kind !== 'host-started' || since === null) continue;
    dead.push({ fromMs: since, toMs: Math.min(ms(event.at), toMs) });
    since = null;
  }
  return since === null ? dead : [...dead, { fromMs: since, toMs }];
}

/** What a fault strikes. A fault of a link strikes the host at its end. */
const laneOf = (fault: Fault): string => ('host' in fault ? fault.host : fault.process);

function faultsOf(
  { faults }: Schedule,
  { events, ms }: { readonly events: readonly HistoryEvent[]; readonly ms: Scale['ms'] },
): readonly LaneFault[] {
  const said = new Map<number, EventOf<'fault'>>();
  for (const event of events) if (event.kind === 'fault' && event.outcome !== 'injected') said.set(event.number, event);
  return faults.map((fault, number) => {
    const { at, outcome, detail } = said.get(number) ?? {};
    const { fromMs, toMs } = stretchOf(fault, outcome === 'confirmed' && at !== undefined ? ms(at) : null);
    return {
      number,
      fault,
      fromMs,
      toMs,
      outcome: outcome === 'confirmed' || outcome === 'mismatch' || outcome === 'inconclusive' ? outcome : null,
      detail: detail ?? 'nobody said how it went',
    };
  });
}

/** When a fault did something. What waited for its message struck when that came: a crash says so then, a cut when it heals. */
function stretchOf(fault: Fault, toldMs: number | null): Stretch {
  const planned = { fromMs: fault.atMs, toMs: fault.atMs + kindOf(fault).lastsMs(fault) };
  if (toldMs === null) return planned;
  switch (fault.kind) {
    case 'cut':
      return { fromMs: toldMs - fault.forMs, toMs: toldMs };
    case 'crash':
      return { fromMs: toldMs, toMs: toldMs + fault.forMs };
    case 'corruption':
      return { fromMs: toldMs, toMs: toldMs };
    default:
      return planned;
  }
}

function moveOf(
  { guest, to }: Schedule['moves'][number],
  migration: string,
  { events, spans, ms }: { events: readonly HistoryEvent[]; spans: readonly RunningSpan[]; ms: Scale['ms'] },
): LaneMove {
  const phases = events.filter(
    (event): event is EventOf<'migration'> =>
      event.kind === 'migration' && event.migration === migration && event.domain === guest,
  );
  const ended =
    phases.findLast(({ phase }) => phase === 'running' || phase === 'aborted') ?? phases.findLast(() => true);
  const suspended = phases.find(({ phase }) => phase === 'source suspended');
  const from = phases.find(({ phase }) => phase.startsWith('source '))?.host ?? null;
  const left = spans.find((span) => span.domain === guest && span.host === from && span.to === suspended?.at);
  const back = suspended === undefined ? undefined : spans.find((s) => s.domain === guest && s.from >= suspended.at);
  return {
    migration,
    guest,
    from,
    to,
    stoppedMs: left === undefined || suspended === undefined ? null : ms(suspended.at),
    ranMs: back === undefined || ended?.phase !== 'running' ? null : ms(back.from),
    // The guest was there already, or gone.
    ended: ended?.phase ?? 'not made',
    detail: ended?.detail ?? '',
  };
}
