/**
 * Histories of a few events, written by hand, for the tests of the checkers. Times are seconds; where nothing else is said
 * a host's uptime is 100 s and its wall 1000 s at the beginning, and both go on with true time.
 */
import type { HistoryEvent, ProbeReading, Stamp } from '@skewbed/proto/history.ts';
import { hostUptimeNs, hostWallNs, trueNs } from '@skewbed/proto/units.ts';
import { oneMove } from '../one-move.ts';
import type { Schedule } from '../schedule.ts';
import type { Checker, RunRecord } from './checker.ts';

/** What an event says beside where and when. */
type Said = HistoryEvent extends infer E ? (E extends HistoryEvent ? Omit<E, keyof Stamp> : never) : never;
/** A host's clocks where they are not what true time makes of them. */
export type Clocks = { readonly uptime?: number; readonly wall?: number };

export const UPTIME_AT_0 = 100;
export const WALL_AT_0 = 1000;

/** Seconds, down to the nanosecond. */
export const s = (seconds: number): bigint => BigInt(Math.round(seconds * 1e9));

/** An event of a host. */
export const on = (host: string, at: number, said: Said, clocks: Clocks = {}): HistoryEvent =>
  ({
    at: trueNs(s(at)),
    host,
    uptimeNs: hostUptimeNs(s(clocks.uptime ?? UPTIME_AT_0 + at)),
    wallNs: hostWallNs(s(clocks.wall ?? WALL_AT_0 + at)),
    ...said,
  }) as HistoryEvent;

/** An event of the coordinator or of the bed. */
export const told = (at: number, said: Said): HistoryEvent => ({ at: trueNs(s(at)), ...said }) as HistoryEvent;

export type Looks = {
  /** CLOCK_MONOTONIC, the date and sched_clock, in seconds. */
  readonly monotonic?: number;
  readonly date?: number;
  readonly schedClock?: number;
  readonly vcpu?: ProbeReading['vcpu'];
  readonly why?: 'tick' | 'spin' | 'start' | 'asked';
};

/** A look at the guest `red`. Where nothing else is said its clocks run with true time. */
export const look = (host: string, at: number, looks: Looks = {}, clocks: Clocks = {}): HistoryEvent =>
  on(
    host,
    at,
    {
      kind: 'probe',
      domain: 'red',
      why: looks.why ?? 'asked',
      reading: {
        dateNs: s(looks.date ?? WALL_AT_0 + at),
        monotonicNs: s(looks.monotonic ?? at),
        jiffies: 0n,
        schedClockNs: s(looks.schedClock ?? at),
        vcpu: looks.vcpu ?? 'running',
        timerInterrupts: 0n,
      },
      held: [],
    },
    clocks,
  );

export const started = (host: string, at: number, how: 'booted' | 'restored' | 'resumed', clocks: Clocks = {}) =>
  on(host, at, { kind: 'guest-started', domain: 'red', how }, clocks);
export const suspended = (host: string, at: number, clocks: Clocks = {}) =>
  on(host, at, { kind: 'guest-suspended', domain: 'red' }, clocks);
export const created = (host: string, at: number) =>
  on(host, at, { kind: 'domain-created', domain: 'red', kernel: 'pvops-6.12', pages: 256, vcpus: 1 });
export const destroyed = (host: string, at: number) =>
  on(host, at, { kind: 'domain-destroyed', domain: 'red', why: 'migrated away by m1' });
export const crashed = (host: string, at: number) =>
  on(host, at, { kind: 'failure', code: 'host-crashed', message: 'gone' });
/** A step of migration m1 of `red`, told by a host. */
export const phase = (host: string, at: number, name: string) =>
  on(host, at, { kind: 'migration', migration: 'm1', domain: 'red', phase: name });

/** What a checker says of a history, as texts; of the guest `red` on the hosts a and b where no schedule is given. */
export function findings(
  checker: Pick<Checker, 'check'>,
  events: readonly HistoryEvent[],
  { journal = [], schedule = oneMove([]) }: { readonly journal?: readonly string[]; readonly schedule?: Schedule } = {},
): readonly string[] {
  const record: RunRecord = { schedule, origin: trueNs(0n), events, journal };
  return checker.check(record).map(({ what }) => what);
}

/** The schedule of the short histories with another kernel. */
export const withKernel = (kernel: Schedule['guests'][number]['kernel'], patches: string[] = []): Schedule => {
  const schedule = oneMove([]);
  return { ...schedule, guests: schedule.guests.map((guest) => ({ ...guest, kernel, patches })) };
};
