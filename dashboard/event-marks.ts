/**
 * The events of a history as marks on a time axis and as sentences for a timeline. Probe readings and other figures that
 * the series show already are left out. An unknown kind from a newer history is left out too, not refused.
 */
import type { EventOf, HistoryEvent } from '@skewbed/proto/history.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import { grouped, longText, secondsText, signedSecondsText } from './duration-text.ts';

export type MarkKind =
  | 'guest'
  | 'settime'
  | 'wallclock'
  | 'migration'
  | 'timer'
  | 'memory'
  | 'console'
  | 'failure'
  | 'fault'
  | 'host';

export type Mark = {
  readonly at: TrueNs;
  readonly kind: MarkKind;
  readonly host: string | null;
  readonly domain: string | null;
  /** What happened, as a sentence without its time. */
  readonly text: string;
  /** Whether it belongs on a chart: the few events that explain a line's shape. */
  readonly weight: 'chart' | 'timeline';
  /** Routine marks with the same key may be shown as one with a count; null is never routine. */
  readonly likeness: string | null;
};

/** One mark for each event that a person would want to see, in order of time. */
export function marksOf(events: readonly HistoryEvent[]): Mark[] {
  const marks: Mark[] = [];
  for (const event of events) {
    const said = sentenceOf(event);
    if (said === null) continue;
    const host = event.host ?? null;
    const domain = 'domain' in event ? event.domain : null;
    const likeness = said.like === undefined ? null : JSON.stringify([event.kind, host, domain, said.like]);
    marks.push({
      at: event.at,
      kind: said.kind,
      host,
      domain,
      text: said.text,
      weight: said.weight ?? 'timeline',
      likeness,
    });
  }
  return marks;
}

type Sentence = { kind: MarkKind; text: string; weight?: Mark['weight']; like?: string };

function sentenceOf(event: HistoryEvent): Sentence | null {
  switch (event.kind) {
    case 'host-started':
      return {
        kind: 'host',
        text: `host starts: wall ${event.wallSkew}, uptime ${event.uptimeSkew}, ntp ${event.ntp}`,
      };
    case 'settime':
      return settimeSentence(event);
    case 'skew-set':
      return { kind: 'fault', text: `the ${event.clock} goes on with the skew ${event.skew}` };
    case 'ntp-set':
      return {
        kind: 'fault',
        text: event.ntp === 'off' ? "dom0's ntp stops" : `dom0's ntp sets the clock every ${event.ntp}`,
      };
    case 'fault':
      return {
        kind: 'fault',
        text: `fault ${event.number} (${event.fault}) ${event.outcome}: ${event.detail}`,
        weight: 'chart',
      };
    case 'clock-read':
    case 'probe':
    case 'downtime-part':
    case 'migration-progress':
    case 'loop-delay':
      return null;
    case 'domain-created':
      return {
        kind: 'host',
        text: `creates ${event.domain}: ${event.kernel}, ${event.vcpus} vCPU, ${grouped(BigInt(event.pages))} pages`,
      };
    case 'guest-started':
      return { kind: 'guest', text: `${event.domain} runs (${event.how})`, weight: 'chart' };
    case 'guest-suspended':
      return { kind: 'guest', text: `${event.domain} stops`, weight: 'chart' };
    case 'domain-destroyed':
      return { kind: 'host', text: `destroys its copy of ${event.domain}: ${event.why}` };
    case 'wallclock-published':
      return {
        kind: 'wallclock',
        text: `Xen publishes wc ${secondsText(event.wcNs)} to ${event.domain} (wc_version ${event.version})`,
        like: 'published',
      };
    case 'wallclock-skipped':
      return {
        kind: 'wallclock',
        text: `Xen does not publish wc to ${event.domain}: ${event.patch} skips it`,
        weight: 'chart',
      };
    case 'timer-armed':
      return {
        kind: 'timer',
        text: `${event.domain} arms ${event.timer} (${event.timerKind}, ${secondsText(event.lengthNs)})`,
      };
    case 'timer-returned':
      return { kind: 'timer', text: `${event.timer} comes back in ${event.domain}`, weight: 'chart' };
    case 'echo':
      return {
        kind: 'guest',
        text: `${event.domain} ${event.ok ? 'answers' : 'does not answer'} a network echo`,
        like: `echo ${event.ok}`,
      };
    case 'cpu-loop':
      return {
        kind: 'guest',
        text: `the CPU loop in ${event.domain} ${event.ran ? 'makes progress' : 'makes no progress'}`,
      };
    case 'vcpu-blocked':
      return {
        kind: 'guest',
        text: `Xen has kept vCPU 0 of ${event.domain} blocked for ${longText(event.forNs)}`,
        like: 'blocked',
      };
    case 'console':
      return {
        kind: 'console',
        text: `${event.domain} console: ${event.line}${event.times > 1n ? ` (${grouped(event.times)} times)` : ''}`,
        like: `console ${event.line.replace(/-?\d+/g, '#')}`,
      };
    case 'writer-checked':
      return {
        kind: 'memory',
        text: `the page writer in ${event.domain} finds ${event.badPages.length} bad pages after ${grouped(event.writes)} writes`,
      };
    case 'migration':
      return {
        kind: 'migration',
        text: `migration of ${event.domain}: ${event.phase}${event.detail === undefined ? '' : ` (${event.detail})`}`,
      };
    case 'memory-digest':
      return {
        kind: 'memory',
        text: `the ${event.side} has ${grouped(BigInt(event.pages))} pages, sha256 ${event.sha256.slice(0, 12)}…`,
      };
    case 'memory-verified':
      return {
        kind: 'memory',
        text: `${grouped(BigInt(event.pages))} pages of ${event.domain} sent again, ${event.different} differ`,
      };
    case 'memory-audit':
      return { kind: 'memory', text: auditText(`page tables of ${event.domain}`, event) };
    case 'frames-audit':
      return { kind: 'memory', text: auditText('machine frames', event) };
    case 'failure':
      return { kind: 'failure', text: `failure ${event.code}: ${event.message}`, weight: 'chart' };
    default:
      return null;
  }
}

function settimeSentence(event: EventOf<'settime'>): Sentence {
  const actor = { ntp: "dom0's ntp", date: 'date on dom0', boot: 'boot' }[event.by];
  const stepped =
    event.steppedNs === 0n ? 'its wall does not move' : `its wall steps ${signedSecondsText(event.steppedNs)}`;
  const sentence: Sentence = {
    kind: 'settime',
    text: `${actor} sets the clock: ${stepped}`,
    like: `${event.by} ${stepped}`,
  };
  return event.by === 'boot' ? sentence : { ...sentence, weight: 'chart' };
}

function auditText(what: string, audit: { readonly ok: boolean; readonly problems: readonly string[] }): string {
  return audit.ok ? `audit of the ${what}: sound` : `audit of the ${what}: ${audit.problems.join('; ')}`;
}
