/**
 * Seed -> schedule. Everything is drawn from one stream of that seed, by the table in weights.ts. Uptimes differ widely,
 * because machines boot when they boot (facts K.8), walls mostly agree to a few seconds and sometimes do not at all.
 */
import { PATCHES } from '@skewbed/model/patches/registry.ts';
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import type { Random } from '@skewbed/runtime/ports/random.ts';
import { SeededRandom } from '@skewbed/runtime/random.ts';
import { between, bumpMs, chance, eitherSign, pick, powerMs, unit, weighted } from './draws.ts';
import { FAULT_NAMES, type Fault, kindOf } from './faults/index.ts';
import { type ChaosGuest, type ChaosHost, type ChaosMove, SCHEDULE_VERSION, type Schedule } from './schedule.ts';
import {
  BANDWIDTH,
  CONTINUITY_PERCENT,
  DIRECT_PERCENT,
  FAULT_WEIGHTS,
  FAULTS,
  GUEST_PATCH_PERCENT,
  GUESTS,
  HOSTS,
  KERNELS,
  LENGTH_MS,
  MOVES,
  PAGES,
  POLICIES,
  PRECOPIES,
} from './weights.ts';

export type Narrowing = {
  /** Every guest has this kernel. */
  readonly kernel?: KernelName;
  /** As many faults as this, instead of a number from the table. */
  readonly faults?: number;
  /** Moves and faults begin within so long, instead of a length from the table. */
  readonly lengthMs?: number;
  /** At most so many hosts. */
  readonly hostsMost?: number;
};

const HOST_NAMES = ['a', 'b', 'c', 'd'];
const GUEST_NAMES = ['red', 'blue', 'green'];
/** A guest's first tick needs a host that has been up for a moment. */
const LEAST_UPTIME_MS = 10_000;
const FIRST_MOVE_MS = 3000;

/** The schedule of a seed; the same one every time. */
export function drawSchedule(seed: number, narrowing: Narrowing = {}): Schedule {
  const random = new SeededRandom(seed, 'chaos schedule');
  const drawnMs = between(random, LENGTH_MS.least, LENGTH_MS.most);
  const lengthMs = narrowing.lengthMs ?? drawnMs;
  const patches = chance(random, CONTINUITY_PERCENT) ? ['uptime-continuity'] : [];
  const hosts = HOST_NAMES.slice(0, Math.min(weighted(random, HOSTS), narrowing.hostsMost ?? HOST_NAMES.length)).map(
    (name) => drawHost(random, name, patches),
  );
  const names = hosts.map(({ name }) => name);
  const guests = GUEST_NAMES.slice(0, weighted(random, GUESTS)).map((name) =>
    drawGuest(random, name, names, narrowing.kernel),
  );
  const moves = drawMoves(random, { hosts: names, guests, lengthMs });
  const faults = Array.from({ length: narrowing.faults ?? weighted(random, FAULTS) }, () =>
    drawFault(random, names, lengthMs),
  );
  return { version: SCHEDULE_VERSION, seed, hosts, guests, moves, faults: faults.sort((a, b) => a.atMs - b.atMs) };
}

function drawHost(random: Random, name: string, patches: string[]): ChaosHost {
  return {
    name,
    wallMs: chance(random, 50) ? 0 : eitherSign(random, bumpMs(random)),
    // Up to 47 days, as many young hosts as old ones.
    uptimeMs: LEAST_UPTIME_MS + powerMs(random, { base: 2, from: 10, span: 22 }),
    ntpMs: chance(random, 50) ? 1000 * between(random, 5, 60) : null,
    patches,
  };
}

function drawGuest(random: Random, name: string, hosts: readonly string[], only?: KernelName): ChaosGuest {
  const kernel = only ?? weighted(random, KERNELS);
  const fitting = PATCHES.filter(
    ({ side, testOnly, kernels }) => side === 'guest' && testOnly !== true && (kernels?.includes(kernel) ?? true),
  );
  const patched = chance(random, GUEST_PATCH_PERCENT) && fitting.length > 0;
  return {
    name,
    kernel,
    host: pick(random, hosts),
    pages: weighted(random, PAGES),
    patches: patched ? [pick(random, fitting).name] : [],
  };
}

/** Each guest's moves lie far enough apart that the one before has ended when nothing disturbs it. */
function drawMoves(
  random: Random,
  around: { readonly hosts: readonly string[]; readonly guests: readonly ChaosGuest[]; readonly lengthMs: number },
): ChaosMove[] {
  if (around.hosts.length < 2) return [];
  return Array.from({ length: weighted(random, MOVES) }, () => ({
    guest: pick(random, around.guests).name,
    atMs: between(random, FIRST_MOVE_MS, around.lengthMs),
    to: pick(random, around.hosts),
    downtimeMs: between(random, 10, 3000),
    ...drawTransfer(random),
    restore: weighted(random, POLICIES),
  })).sort((a, b) => a.atMs - b.atMs);
}

function drawTransfer(random: Random): Pick<ChaosMove, 'stop' | 'precopy' | 'verify' | 'bytesPerSecond' | 'via'> {
  const precopy = weighted(random, PRECOPIES);
  const live = precopy !== 'stop-and-copy';
  return {
    stop: live && chance(random, 50) ? 'when-copied' : 'at-its-instant',
    precopy,
    verify: chance(random, 10) ? 'every-page' : 'off',
    bytesPerSecond:
      live && chance(random, 40)
        ? Math.round(BANDWIDTH.least * (BANDWIDTH.most / BANDWIDTH.least) ** unit(random))
        : null,
    via: chance(random, DIRECT_PERCENT) ? 'direct' : 'relay',
  };
}

function drawFault(random: Random, hosts: readonly string[], lengthMs: number): Fault {
  const kind = weighted(
    random,
    FAULT_NAMES.map((name) => [name, FAULT_WEIGHTS[name]] as const),
  );
  return kindOf({ kind }).draw(random, { hosts, atMs: between(random, 100, lengthMs) });
}
