/**
 * Makes a failing schedule smaller while it goes on to fail in the same way: fewer faults, moves, guests and hosts, plain
 * settings, shorter waits, and at last each magnitude by bisection, so that the smallest one comes out as a number. The
 * greedy order is that of delta debugging (Zeller and Hildebrandt 2002); no step is kept which does not fail.
 */
import type { CheckerName } from './checkers/checker.ts';
import { roundMs } from './duration.ts';
import { type Fault, kindOf } from './faults/index.ts';
import type { ChaosHost, ChaosMove, Schedule } from './schedule.ts';

/** Whether a schedule still fails as the one that was found. */
export type StillFails = (schedule: Schedule) => boolean;

/** A magnitude that cannot be made smaller: the smallest with which it still fails. */
export type Threshold = {
  readonly of: string;
  readonly clock: 'wall' | 'uptime' | null;
  readonly value: number;
  readonly unit: 'ms' | 'ppm';
};

export type Shrunk = {
  readonly schedule: Schedule;
  readonly thresholds: readonly Threshold[];
  /** How many schedules were run for it. */
  readonly runs: number;
};

/** Runs that a search may cost; a schedule of 40 faults needs about 150. */
const RUNS_MAX = 600;
const LEAST_UPTIME_MS = 11_000;

/** Shrinks. `stillFails` is asked with smaller schedules; the one given is known to fail. */
export function shrink(found: Schedule, stillFails: StillFails, most: number = RUNS_MAX): Shrunk {
  let runs = 0;
  let best = found;
  const keep = (candidate: Schedule): boolean => {
    if (runs >= most) return false;
    runs += 1;
    if (!stillFails(candidate)) return false;
    best = candidate;
    return true;
  };
  for (let size = Number.POSITIVE_INFINITY; sizeOf(best) < size && runs < most; ) {
    size = sizeOf(best);
    without(
      () => best.faults,
      (faults) => keep({ ...best, faults: [...faults] }),
    );
    without(
      () => best.moves,
      (moves) => keep({ ...best, moves: [...moves] }),
    );
    without(
      () => best.guests,
      (guests) =>
        keep(
          onlyGuests(
            best,
            guests.map(({ name }) => name),
          ),
        ),
    );
    without(
      () => best.hosts,
      (hosts) => {
        const candidate = onlyHosts(best, hosts);
        return candidate !== null && keep(candidate);
      },
    );
    for (const plain of plainer(best)) keep(plain(best));
  }
  const thresholds = bisectAll(() => best, keep);
  return { schedule: best, thresholds, runs };
}

/** What a run fails by: shrinking keeps to it. */
export const failsBy =
  (checker: CheckerName, run: (schedule: Schedule) => readonly { readonly checker: CheckerName }[]): StillFails =>
  (schedule) =>
    run(schedule).some((violation) => violation.checker === checker);

const sizeOf = ({ faults, moves, guests, hosts }: Schedule): number =>
  faults.length + moves.length + guests.length + hosts.length;

/** Leaves out halves, quarters, ... and at last single entries. */
function without<T>(list: () => readonly T[], keep: (left: readonly T[]) => boolean): void {
  for (let length = Math.ceil(list().length / 1); length >= 1; length = length === 1 ? 0 : Math.ceil(length / 2)) {
    for (let start = 0; start < list().length; ) {
      const left = list().filter((_, index) => index < start || index >= start + length);
      if (!keep(left)) start += length;
    }
  }
}

function onlyGuests(schedule: Schedule, names: readonly string[]): Schedule {
  return {
    ...schedule,
    guests: schedule.guests.filter(({ name }) => names.includes(name)),
    moves: schedule.moves.filter(({ guest }) => names.includes(guest)),
  };
}

/** Null where a guest would have no host to begin on. */
function onlyHosts(schedule: Schedule, hosts: readonly ChaosHost[]): Schedule | null {
  const there = new Set(hosts.map(({ name }) => name));
  if (hosts.length === 0 || schedule.guests.some(({ host }) => !there.has(host))) return null;
  const on = (fault: Fault): string => ('host' in fault ? fault.host : fault.process);
  return {
    ...schedule,
    hosts: [...hosts],
    moves: schedule.moves.filter(({ to }) => there.has(to)),
    faults: schedule.faults.filter((fault) => there.has(on(fault)) || on(fault) === 'coordinator'),
  };
}

/** Changes to something plainer, one at a time, each of the schedule as it then is. */
function plainer({ hosts, guests, moves, faults }: Schedule): readonly ((schedule: Schedule) => Schedule)[] {
  const host = (index: number, change: Partial<ChaosHost>) => (schedule: Schedule) => ({
    ...schedule,
    hosts: schedule.hosts.map((each, i) => (i === index ? { ...each, ...change } : each)),
  });
  const move = (index: number, change: Partial<ChaosMove>) => (schedule: Schedule) => ({
    ...schedule,
    moves: schedule.moves.map((each, i) => (i === index ? { ...each, ...change } : each)),
  });
  return [
    ...hosts.flatMap((each, index) => [
      ...(each.wallMs === 0 ? [] : [host(index, { wallMs: 0 })]),
      ...(each.ntpMs === null ? [] : [host(index, { ntpMs: null })]),
      ...(each.patches.length === 0 ? [] : [host(index, { patches: [] })]),
      ...(each.uptimeMs === LEAST_UPTIME_MS ? [] : [host(index, { uptimeMs: LEAST_UPTIME_MS })]),
    ]),
    ...guests.flatMap((each, index) =>
      each.pages === 256 && each.patches.length === 0
        ? []
        : [
            (schedule: Schedule) => ({
              ...schedule,
              guests: schedule.guests.map((other, i) => (i === index ? { ...other, pages: 256, patches: [] } : other)),
            }),
          ],
    ),
    ...moves.flatMap((each, index) => [
      ...(each.precopy === 'stop-and-copy'
        ? []
        : [move(index, { precopy: 'stop-and-copy', stop: 'at-its-instant', bytesPerSecond: null })]),
      ...(each.verify === 'off' ? [] : [move(index, { verify: 'off' })]),
      ...(each.via === 'relay' ? [] : [move(index, { via: 'relay' })]),
      ...(each.downtimeMs === 10 ? [] : [move(index, { downtimeMs: 10 })]),
      ...(each.restore === 'fields-2007' ? [] : [move(index, { restore: 'fields-2007' })]),
      ...(each.atMs <= 3000 ? [] : [move(index, { atMs: roundMs(each.atMs / 2) }), move(index, { atMs: 3000 })]),
    ]),
    ...faults.flatMap((fault, index) =>
      shorter(fault).map((change) => (schedule: Schedule) => ({
        ...schedule,
        faults: schedule.faults.map((each, i) => (i === index ? change : each)),
      })),
    ),
  ];
}

/** The plainest last: of those that still fail the last one stays. */
function shorter(fault: Fault): Fault[] {
  let best = fault;
  const changes: Fault[] = [];
  const change = (to: Partial<Fault>): void => {
    best = { ...best, ...to } as Fault;
    changes.push(best);
  };
  if ('forMs' in fault && fault.forMs > 1000) change({ forMs: 1000 });
  if ('waitsMs' in fault && fault.waitsMs > 5000) change({ waitsMs: 5000 });
  if (fault.atMs > 1000) {
    changes.push({ ...fault, atMs: roundMs(fault.atMs / 2) }, { ...fault, atMs: 1000 });
    change({ atMs: 1000 });
  }
  return changes;
}

/** A number somewhere in a schedule that stands for how large something is. */
type Dial = Threshold & {
  readonly set: (schedule: Schedule, value: number) => Schedule;
};

function bisectAll(best: () => Schedule, keep: (candidate: Schedule) => boolean): Threshold[] {
  return dialsOf(best()).map(({ set, value, ...rest }) => {
    // `fails` fails; `passes` is not known to. Whole units.
    let fails = value;
    let passes = 0;
    if (keep(set(best(), 0))) return { ...rest, value: 0 };
    while (Math.abs(fails - passes) > 1) {
      const middle = Math.trunc((fails + passes) / 2);
      if (keep(set(best(), middle))) fails = middle;
      else passes = middle;
    }
    return { ...rest, value: fails };
  });
}

function dialsOf(schedule: Schedule): readonly Dial[] {
  const ofFaults = schedule.faults.flatMap((fault, index) =>
    kindOf(fault).magnitudes.map((magnitude): Dial => {
      return {
        of: `${magnitude.name} of fault ${index} (${fault.kind})`,
        clock: magnitude.clock(fault),
        unit: magnitude.unit,
        value: Math.trunc(magnitude.read(fault)),
        set: (old, value) => ({
          ...old,
          faults: old.faults.map((each, i) => (i === index ? magnitude.write(each, value) : each)),
        }),
      };
    }),
  );
  const youngest = Math.min(...schedule.hosts.map(({ uptimeMs }) => uptimeMs));
  const ofHosts = schedule.hosts.flatMap(({ name, wallMs, uptimeMs }, index) =>
    (
      [
        { of: `wall of ${name}`, clock: 'wall', base: 0, value: wallMs, key: 'wallMs' },
        // Machines boot when they boot: what matters is by how much one is older than another.
        {
          of: `uptime of ${name} over the youngest`,
          clock: 'uptime',
          base: youngest,
          value: uptimeMs - youngest,
          key: 'uptimeMs',
        },
      ] as const
    )
      .filter(({ value }) => value !== 0)
      .map(({ of, clock, base, value, key }): Dial => {
        return {
          of,
          clock,
          unit: 'ms',
          value: Math.trunc(value),
          set: (old, to) => ({
            ...old,
            hosts: old.hosts.map((host, i) => (i === index ? { ...host, [key]: base + to } : host)),
          }),
        };
      }),
  );
  return [...ofFaults, ...ofHosts];
}
