/**
 * Two histories written by hand, for tests of the view and of the report. No run made them; the figures are those of
 * xenlinux-2.6.18 saved, its host's clock set back 600 s, and restored (M1), and of pvops-2.6.35 moved to a host that
 * booted 800,000 s later (M2+M2b). Times are seconds of true time, zero is the start of the run.
 */
import type { HeldVariable, HistoryEvent, HistoryHeader, ProbeReading } from '@skewbed/proto/history.ts';
import { hostUptimeNs, hostWallNs, trueNs } from '@skewbed/proto/units.ts';

export type ExampleHistory = { readonly header: HistoryHeader; readonly events: readonly HistoryEvent[] };

export const WALL_AT_STOP_S = 1_227_774_104;

/** Seconds as nanoseconds, exact to the microsecond. */
export const seconds = (count: number): bigint => BigInt(Math.round(count * 1e6)) * 1000n;

/** A stamp of a host whose clocks are these many seconds ahead of the run's own time axis. */
export function stamp(at: number, host: string, clocks: { readonly wall: number; readonly uptime: number }) {
  return {
    at: trueNs(seconds(at)),
    host,
    wallNs: hostWallNs(seconds(at + clocks.wall)),
    uptimeNs: hostUptimeNs(seconds(at + clocks.uptime)),
  };
}

/** A reading in which date, monotonic, jiffies and sched_clock show these seconds. */
export function reading(shown: {
  readonly date: number;
  readonly monotonic: number;
  readonly jiffies: number;
  readonly schedClock: number;
}): ProbeReading {
  return {
    dateNs: seconds(shown.date),
    monotonicNs: seconds(shown.monotonic),
    jiffies: BigInt(Math.round(shown.jiffies * 100)),
    schedClockNs: seconds(shown.schedClock),
    vcpu: 'running',
    timerInterrupts: 0n,
  };
}

/** The wall guard of 2.6.18: stopped at 10 s, back at 40 s on a wall that was set back 600 s meanwhile, stuck for 570 s. */
export function wallGuardHistory(): ExampleHistory {
  const a = { wall: WALL_AT_STOP_S - 10, uptime: 999_990 };
  const b = { wall: WALL_AT_STOP_S - 610, uptime: 999_990 };
  const held = (at: number): HeldVariable[] => [
    {
      variable: 'monotonic_tv',
      mechanism: 'M1',
      holdsNs: seconds(WALL_AT_STOP_S),
      waitsOn: 'wall',
      clockNs: seconds(at + b.wall),
    },
  ];
  const probe = (at: number, date: number, monotonic: number, jiffies: number): HistoryEvent => ({
    ...stamp(at, 'b', b),
    kind: 'probe',
    domain: 'guest',
    why: 'release',
    reading: reading({ date, monotonic, jiffies, schedClock: at + 999_990 }),
    held: date === WALL_AT_STOP_S && at < 610 ? held(at) : [],
  });
  const before = (at: number, why: 'tick' | 'suspend'): HistoryEvent => ({
    ...stamp(at, 'a', a),
    kind: 'probe',
    domain: 'guest',
    why,
    reading: reading({ date: at + a.wall, monotonic: at, jiffies: at, schedClock: at + 999_990 }),
    held: [],
  });
  return {
    header: headerOf('save-set-back-restore', 'xenlinux-2.6.18'),
    events: [
      { ...stamp(0, 'a', a), kind: 'host-started', wallSkew: '+0s', uptimeSkew: '+999990s', ntp: 'off' },
      { ...stamp(0, 'b', b), kind: 'host-started', wallSkew: '-600s', uptimeSkew: '+999990s', ntp: 'off' },
      { ...stamp(0, 'a', a), kind: 'guest-started', domain: 'guest', how: 'booted' },
      before(0, 'tick'),
      before(10, 'suspend'),
      { ...stamp(10, 'a', a), kind: 'guest-suspended', domain: 'guest' },
      { ...stamp(40, 'b', b), kind: 'guest-started', domain: 'guest', how: 'restored' },
      probe(40, WALL_AT_STOP_S, 580, 10),
      {
        ...stamp(40, 'b', b),
        kind: 'timer-armed',
        domain: 'guest',
        timer: 'newSleep',
        timerKind: 'nanosleep',
        lengthNs: seconds(1),
      },
      probe(41, WALL_AT_STOP_S, 580, 11),
      probe(610, WALL_AT_STOP_S, 580, 580),
      probe(611, WALL_AT_STOP_S + 1, 581, 581),
      {
        ...stamp(611, 'b', b),
        kind: 'timer-returned',
        domain: 'guest',
        timer: 'newSleep',
        dateNs: seconds(WALL_AT_STOP_S + 1),
        monotonicNs: seconds(581),
      },
      probe(660, WALL_AT_STOP_S + 50, 630, 630),
      { ...stamp(660, 'a', a), kind: 'domain-destroyed', domain: 'guest', why: 'handed over' },
    ],
  };
}

/** The clocksource guard of 2.6.35: stopped at 10 s, runs at 12 s on a host that is 800,000 s younger, all clocks stuck. */
export function uptimeGuardHistory(): ExampleHistory {
  const a = { wall: WALL_AT_STOP_S - 10, uptime: 999_990 };
  const b = { wall: WALL_AT_STOP_S - 10, uptime: 199_988 };
  const freed = 800_012;
  const held = (at: number): HeldVariable[] => {
    const clock = { holdsNs: seconds(1_000_000), waitsOn: 'uptime' as const, clockNs: seconds(at + b.uptime) };
    return [
      { variable: 'pvclock last_value', mechanism: 'M2', ...clock },
      { variable: 'Xen deadline', mechanism: 'M2b', ...clock },
    ];
  };
  const probe = (at: number, passed: number): HistoryEvent => ({
    ...stamp(at, 'b', b),
    kind: 'probe',
    domain: 'guest',
    why: 'release',
    reading: reading({
      date: WALL_AT_STOP_S + 800_002 + passed,
      monotonic: 10 + passed,
      jiffies: 10 + passed,
      schedClock: 10 + passed,
    }),
    held: at < freed ? held(at) : [],
  });
  const before = (at: number, why: 'tick' | 'suspend'): HistoryEvent => ({
    ...stamp(at, 'a', a),
    kind: 'probe',
    domain: 'guest',
    why,
    reading: reading({ date: at + a.wall, monotonic: at, jiffies: at, schedClock: at }),
    held: [],
  });
  const migration = (at: number, phase: string): HistoryEvent => ({
    at: trueNs(seconds(at)),
    kind: 'migration',
    migration: 'm1',
    domain: 'guest',
    phase,
  });
  return {
    header: headerOf('uptime-only', 'pvops-2.6.35'),
    events: [
      { ...stamp(0, 'a', a), kind: 'host-started', wallSkew: '+0s', uptimeSkew: '+999990s', ntp: 'off' },
      { ...stamp(0, 'b', b), kind: 'host-started', wallSkew: '+0s', uptimeSkew: '+199988s', ntp: 'off' },
      { ...stamp(0, 'a', a), kind: 'domain-created', domain: 'guest', kernel: 'pvops-2.6.35', pages: 4096, vcpus: 1 },
      { ...stamp(0, 'a', a), kind: 'guest-started', domain: 'guest', how: 'booted' },
      before(0, 'tick'),
      migration(9.9, 'preparing'),
      before(10, 'suspend'),
      { ...stamp(10, 'a', a), kind: 'guest-suspended', domain: 'guest' },
      migration(10, 'suspended'),
      migration(11.5, 'committed'),
      { ...stamp(12, 'b', b), kind: 'wallclock-published', domain: 'guest', version: 2, wcNs: seconds(1_227_574_106) },
      { ...stamp(12, 'b', b), kind: 'guest-started', domain: 'guest', how: 'restored' },
      probe(12, 0),
      {
        ...stamp(12, 'b', b),
        kind: 'timer-armed',
        domain: 'guest',
        timer: 'newSleep',
        timerKind: 'nanosleep',
        lengthNs: seconds(1),
      },
      { ...stamp(13, 'a', a), kind: 'domain-destroyed', domain: 'guest', why: 'handed over' },
      probe(freed, 0),
      probe(freed + 1, 1),
      {
        ...stamp(freed + 1, 'b', b),
        kind: 'timer-returned',
        domain: 'guest',
        timer: 'newSleep',
        dateNs: seconds(WALL_AT_STOP_S + 800_003),
        monotonicNs: seconds(11),
      },
      { ...stamp(freed + 1, 'b', b), kind: 'vcpu-blocked', domain: 'guest', forNs: seconds(800_000) },
      probe(900_000, 900_000 - freed),
    ],
  };
}

function headerOf(scenario: string, kernel: string): HistoryHeader {
  const plan = { scenario, question: 'Does the guest freeze?', guest: { kernel, vcpus: 1, memory: '16MiB', hz: 100 } };
  return { skewbed: 1, scenario, testbed: 'sim', seed: 1, scale: 1, plan };
}
