/**
 * A schedule: one run of chaos as data. Hosts with their clocks, guests, moves, faults with their instants, and how long
 * it stays quiet at the end. It is drawn from a seed (generator.ts), made smaller (shrink.ts), carried by a replay code,
 * and kept as a file in regressions/. Times are ms after the run's origin, with at most three decimals.
 */

import { KERNEL_NAMES } from '@skewbed/model/guest/kernels/index.ts';
import type { RestorePolicy } from '@skewbed/model/migration/hand-over.ts';
import { RESTORE_POLICIES } from '@skewbed/model/migration/toolstack-ops.ts';
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import { closed } from '@skewbed/proto/control/fields.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { explain } from '@skewbed/proto/explain.ts';
import { TRANSFER_BANDWIDTH_MIN } from '@skewbed/proto/limits.ts';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { AtMs, HostName, LengthMs, StepMs } from './faults/fields.ts';
import { AnyFault, type Fault, kindOf } from './faults/index.ts';

/** The version of this form: a replay code of another one is refused. */
export const SCHEDULE_VERSION = 1;

/** A hundred days; machines of the default mix are up for at most 50. */
const UPTIME_MAX_MS = 100 * 86_400_000;

/** The pre-copy policies; each with figures that fit guests of a megabyte. */
export const PRECOPY_NAMES = ['stop-and-copy', 'xen', 'qemu', 'fixed-rounds'] as const;
export type PrecopyName = (typeof PRECOPY_NAMES)[number];

const PatchNames = Type.Array(Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{0,63}$' }), { maxItems: 16 });

const HostFields = closed({
  name: HostName,
  /** Wall minus true UTC at the origin. */
  wallMs: StepMs,
  /** Uptime at the origin. */
  uptimeMs: Type.Number({ minimum: 1, maximum: UPTIME_MAX_MS }),
  ntpMs: Type.Union([LengthMs, Type.Null()]),
  patches: PatchNames,
});
const GuestFields = closed({
  name: HostName,
  kernel: Type.Unsafe<KernelName>(Type.Union(KERNEL_NAMES.map((name) => Type.Literal(name)))),
  host: HostName,
  pages: Type.Integer({ minimum: 64, maximum: 65_536 }),
  patches: PatchNames,
});
const MoveFields = closed({
  guest: HostName,
  /** When the guest is to be suspended. */
  atMs: AtMs,
  to: HostName,
  downtimeMs: LengthMs,
  /** The guest stops at its instant, or as soon as the pre-copy has come so far. */
  stop: Type.Union([Type.Literal('at-its-instant'), Type.Literal('when-copied')]),
  precopy: Type.Unsafe<PrecopyName>(Type.Union(PRECOPY_NAMES.map((name) => Type.Literal(name)))),
  verify: Type.Union([Type.Literal('off'), Type.Literal('every-page')]),
  bytesPerSecond: Type.Union([Type.Integer({ minimum: TRANSFER_BANDWIDTH_MIN, maximum: 1e12 }), Type.Null()]),
  via: Type.Union([Type.Literal('relay'), Type.Literal('direct')]),
  restore: Type.Unsafe<RestorePolicy>(Type.Union(RESTORE_POLICIES.map((policy) => Type.Literal(policy)))),
});
export const ScheduleFields = closed({
  version: Type.Literal(SCHEDULE_VERSION),
  /** Of what the schedule leaves open: jitter, waits before dialling again. */
  seed: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  /** A deliberate bug of canaries/, by name. */
  canary: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$' })),
  /** What is looked for beside what must never be: guests that hang. */
  find: Type.Optional(Type.Literal('hang')),
  /** How long a move may take, and how long it is quiet at the end, where a run has to be short: on real nodes. */
  moveLimitMs: Type.Optional(LengthMs),
  quietMs: Type.Optional(LengthMs),
  /** How long before its suspend a move without a pre-copy is asked for; otherwise what the bed needs. */
  moveLeadMs: Type.Optional(LengthMs),
  hosts: Type.Array(HostFields, { minItems: 1, maxItems: 8 }),
  guests: Type.Array(GuestFields, { maxItems: 8 }),
  moves: Type.Array(MoveFields, { maxItems: 64 }),
  faults: Type.Array(AnyFault, { maxItems: 128 }),
});

export type ChaosHost = Static<typeof HostFields>;
export type ChaosGuest = Static<typeof GuestFields>;
export type ChaosMove = Static<typeof MoveFields>;
export type Schedule = Omit<Static<typeof ScheduleFields>, 'faults'> & { readonly faults: readonly Fault[] };

const validator = Compile(ScheduleFields);

/** Checks data that came from outside. `where` is what errors call it. */
export function readSchedule(data: unknown, where: string): Schedule {
  const version = typeof data === 'object' && data !== null && 'version' in data ? data.version : undefined;
  if (version !== SCHEDULE_VERSION) {
    throw new SkewbedError(
      'bad-schedule',
      `${where}: a schedule of version ${String(version)}; this program reads ${SCHEDULE_VERSION}: replay it with the Skewbed that printed it`,
      where,
    );
  }
  if (!validator.Check(data)) {
    throw new SkewbedError(
      'bad-schedule',
      `${where}: ${explain(ScheduleFields, data)}; a schedule is what skewbed chaos prints and keeps`,
      where,
    );
  }
  const schedule = data as Schedule;
  checkNames(schedule, where);
  return schedule;
}

/** A live move whose guest dirties pages faster than they go would never end: then it is given up. */
export const MOVE_LIMIT_MS = 30_000;
export const moveLimitMsOf = ({ moveLimitMs }: Pick<Schedule, 'moveLimitMs'>): number => moveLimitMs ?? MOVE_LIMIT_MS;

/** When the last thing of the schedule is over, and the quiet period begins. */
export function quietFromMs(schedule: Pick<Schedule, 'moves' | 'faults' | 'moveLimitMs'>): number {
  const { moves, faults } = schedule;
  const ends = [
    ...moves.map(({ atMs, downtimeMs }) => atMs + downtimeMs + moveLimitMsOf(schedule)),
    ...faults.map((fault) => fault.atMs + kindOf(fault).lastsMs(fault)),
  ];
  return Math.max(1000, ...ends) + 1000;
}

/** Quiet at the end: longer than every time-out of a migration (60 s) and every redial (5 s) after the last fault. */
export const QUIET_MS = 150_000;
export const quietMsOf = ({ quietMs }: Pick<Schedule, 'quietMs'>): number => quietMs ?? QUIET_MS;

function checkNames({ hosts, guests, moves, faults }: Schedule, where: string): void {
  const known = new Set(hosts.map(({ name }) => name));
  const expect = (there: boolean, what: string): void => {
    if (!there) throw new SkewbedError('bad-schedule', `${where}: ${what}; name one that the schedule has`, where);
  };
  expect(known.size === hosts.length, 'two hosts of one name');
  expect(new Set(guests.map(({ name }) => name)).size === guests.length, 'two guests of one name');
  for (const { name, host } of guests) expect(known.has(host), `guest ${name} starts on ${host}, which is no host`);
  for (const { guest, to } of moves) {
    expect(
      guests.some(({ name }) => name === guest),
      `a move of ${guest}, which is no guest`,
    );
    expect(known.has(to), `a move to ${to}, which is no host`);
  }
  for (const fault of faults) {
    const on = 'host' in fault ? fault.host : fault.process;
    expect(known.has(on) || on === 'coordinator', `a fault ${fault.kind} of ${on}, which is neither host nor process`);
  }
}
