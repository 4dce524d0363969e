/**
 * The events of a history as schemas: what a node reports, what runners and watchers see, and what history.jsonl holds.
 * The type is history.ts, which imports nothing; that both say the same is checked below, when this file is compiled.
 */
import { type Static, type TProperties, Type } from 'typebox';
import type { HistoryEvent } from '../history.ts';
import { DOMAIN_PAGES_MAX, HELD_VARIABLES_MAX, PROBLEMS_MAX, VCPUS_MAX } from '../limits.ts';
import {
  Code,
  closed,
  count,
  DomainName,
  Flag,
  HostUptime,
  HostWall,
  Int64,
  list,
  Name,
  Nanoseconds,
  oneOf,
  Sha256,
  ShortText,
  Text,
  TrueTime,
} from './fields.ts';
import { ProgressFields } from './progress.ts';

const Reading = closed({
  dateNs: Nanoseconds,
  monotonicNs: Nanoseconds,
  jiffies: Int64,
  schedClockNs: Nanoseconds,
  vcpu: oneOf('running', 'runnable', 'blocked', 'offline'),
  timerInterrupts: Int64,
});

const Held = closed({
  variable: ShortText,
  mechanism: oneOf('M0', 'M1', 'M2', 'M2b', 'M3', 'M4'),
  holdsNs: Nanoseconds,
  waitsOn: oneOf('wall', 'uptime'),
  clockNs: Nanoseconds,
});

/** Every event carries where and when. */
const event = <const K extends string, P extends TProperties>(kind: K, properties: P) =>
  closed({
    at: TrueTime,
    host: Type.Optional(Name),
    uptimeNs: Type.Optional(HostUptime),
    wallNs: Type.Optional(HostWall),
    kind: Type.Literal(kind),
    ...properties,
  });

const Events = Type.Union(
  [
    event('host-started', { wallSkew: ShortText, uptimeSkew: ShortText, ntp: ShortText }),
    event('settime', { by: oneOf('ntp', 'date', 'boot'), steppedNs: Nanoseconds }),
    event('skew-set', { clock: oneOf('wall', 'uptime'), skew: ShortText }),
    event('ntp-set', { ntp: ShortText }),
    event('fault', {
      fault: Name,
      number: count(),
      outcome: oneOf('injected', 'confirmed', 'mismatch', 'inconclusive'),
      detail: Text,
    }),
    event('clock-read', { why: ShortText, uncertaintyNs: Nanoseconds }),
    event('domain-created', {
      domain: DomainName,
      kernel: ShortText,
      pages: count(DOMAIN_PAGES_MAX),
      vcpus: count(VCPUS_MAX),
    }),
    event('guest-started', { domain: DomainName, how: oneOf('booted', 'restored', 'resumed') }),
    event('guest-suspended', { domain: DomainName }),
    event('domain-destroyed', { domain: DomainName, why: Text }),
    event('wallclock-published', { domain: DomainName, version: count(), wcNs: Nanoseconds }),
    event('wallclock-skipped', { domain: DomainName, patch: Name }),
    event('probe', {
      domain: DomainName,
      why: oneOf('tick', 'spin', 'release', 'asked', 'suspend', 'start'),
      reading: Reading,
      held: list(Held, HELD_VARIABLES_MAX),
    }),
    event('timer-armed', { domain: DomainName, timer: ShortText, timerKind: ShortText, lengthNs: Nanoseconds }),
    event('timer-returned', {
      domain: DomainName,
      timer: ShortText,
      dateNs: Nanoseconds,
      monotonicNs: Nanoseconds,
      targetNs: Type.Optional(Nanoseconds),
    }),
    event('echo', { domain: DomainName, ok: Flag }),
    event('cpu-loop', { domain: DomainName, ran: Flag }),
    event('vcpu-blocked', { domain: DomainName, forNs: Nanoseconds }),
    event('console', { domain: DomainName, line: Text, times: Int64 }),
    event('writer-checked', {
      domain: DomainName,
      writes: Int64,
      badPages: list(count(DOMAIN_PAGES_MAX), PROBLEMS_MAX),
    }),
    event('migration', { migration: Name, domain: DomainName, phase: ShortText, detail: Type.Optional(Text) }),
    event('downtime-part', { migration: Name, part: ShortText, loNs: Nanoseconds, hiNs: Nanoseconds }),
    event('memory-digest', {
      migration: Name,
      side: oneOf('source', 'target'),
      sha256: Sha256,
      pages: count(DOMAIN_PAGES_MAX),
    }),
    event('memory-verified', {
      migration: Name,
      domain: DomainName,
      pages: count(),
      different: count(),
      problems: list(Text, PROBLEMS_MAX + 1),
    }),
    event('migration-progress', { migration: Name, ...ProgressFields }),
    event('memory-audit', { domain: DomainName, ok: Flag, problems: list(Text, PROBLEMS_MAX) }),
    event('frames-audit', {
      ok: Flag,
      free: count(),
      owned: count(),
      total: count(),
      problems: list(Text, PROBLEMS_MAX),
    }),
    event('loop-delay', { maxNs: Nanoseconds }),
    event('failure', { code: Code, message: Text }),
  ],
  { title: 'events (below)' },
);

/** One event of a history. */
export const Event = Type.Unsafe<HistoryEvent>(Events);

// A line here does not compile when history.ts and the schema part ways, in either direction.
type Declared = Static<typeof Events>;
const fromWire = (decoded: Declared): HistoryEvent => decoded;
const toWire = (recorded: HistoryEvent): Declared => recorded;
void fromWire;
void toWire;
