/**
 * Merged delivery against one interrupt at a time, over random small scenarios: the guest must not be able to tell.
 * Console lines are not compared: a stretch that is skipped prints once what it would have printed at each interrupt.
 */
import type { EventOf, HistoryEvent, HistoryKind } from '@skewbed/proto/history.ts';
import { NS_PER_MS, NS_PER_S } from '@skewbed/proto/units.ts';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Guest } from '../guest/guest.ts';
import { KERNEL_NAMES } from '../guest/kernels/index.ts';
import { runTrial, type Sleep, type Trial } from '../laboratory.ts';
import { RESTORE_POLICIES } from '../migration/toolstack-ops.ts';

const ns = (ms: number): bigint => BigInt(ms) * NS_PER_MS;
const upTo = (ms: number, from = 0): fc.Arbitrary<bigint> => fc.bigInt({ min: ns(from), max: ns(ms) });
const jump = upTo(8_000, -8_000);
const call = fc.constantFrom('nanosleep', 'absolute-realtime', 'futex-wait', 'futex-lock-pi', 'schedule-timeout');
const sleep = (latest: number): fc.Arbitrary<Sleep> =>
  fc.record({
    armed: upTo(latest),
    length: upTo(9_000, 1),
    call,
  });

const UPTIME_A = 1_000n * NS_PER_S;

const moves = fc.record({ jump, wallJump: jump, downtime: upTo(3_000) });
const trials: fc.Arbitrary<Omit<Trial, 'kernel'>> = fc
  .record({
    move: fc.option(moves, { nil: null, freq: 6 }),
    settime: jump,
    settimes: fc.array(fc.record({ after: upTo(9_000, 1), by: jump }), { maxLength: 2 }),
    sleeps: fc.array(sleep(9_000), { maxLength: 3 }),
    earlierSleeps: fc.array(sleep(1_000), { maxLength: 2 }),
    reader: fc.constantFrom('each-tick' as const, 'off' as const),
    restore: fc.constantFrom(...RESTORE_POLICIES),
    stop: upTo(2_500, 1_500),
    pause: fc.record({ after: upTo(9_500, 9_100), length: upTo(2_000) }),
    tscHz: fc.constantFrom(1_000_000_000n, 2_400_000_000n, 2_666_666_666n),
    uptimeCourse: fc.constantFrom('', 'x1.0002', 'x0.9997', 'step +3s @6s', 'periodic 100ms/10s'),
    build: fc.constantFrom('smp' as const, 'smp' as const, 'up' as const),
  })
  .map(({ move, restore, ...rest }) => ({
    ...rest,
    restore,
    hostPatches: restore === 'song-2008' ? ['song-2008'] : [],
    move: move && { uptimeB: UPTIME_A + move.jump, wallJump: move.wallJump, downtime: move.downtime },
    uptimeA: UPTIME_A,
    horizon: 14n * NS_PER_S + ns(3),
  }));

const only = <K extends HistoryKind>(history: readonly HistoryEvent[], kind: K): EventOf<K>[] =>
  history.filter((event): event is EventOf<K> => event.kind === kind);

/** What a guest can tell its user, and what is left in its memory. */
function worldOf(trial: Trial) {
  const { history } = runTrial(trial);
  const returned = only(history, 'timer-returned');
  return {
    returned: returned.map((e) => [e.timer, e.at, e.dateNs, e.monotonicNs]).sort(),
    published: only(history, 'wallclock-published').map((e) => [e.at, e.version, e.wcNs]),
    last: only(history, 'probe').at(-1),
    writer: only(history, 'writer-checked').at(-1),
    digests: only(history, 'memory-digest').map((e) => e.sha256),
    audits: [...only(history, 'memory-audit'), ...only(history, 'frames-audit')],
  };
}

function alike(trial: Trial): void {
  expect(worldOf({ ...trial, delivery: 'merged' })).toEqual(worldOf({ ...trial, delivery: 'one-by-one' }));
}

describe('skipping quiet stretches', () => {
  it.each(KERNEL_NAMES)('leaves %s in the same world as one interrupt after the other', (kernel) => {
    fc.assert(
      fc.property(trials, (trial) => {
        alike({ ...trial, kernel });
      }),
      { numRuns: 8, seed: 20081127 },
    );
  });
});

describe('the comparison above', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each(KERNEL_NAMES)('sees when a quiet stretch of %s ends one second too late', (kernel) => {
    const honest = Guest.prototype.quietUntil;
    vi.spyOn(Guest.prototype, 'quietUntil').mockImplementation(function (this: Guest) {
      return honest.call(this) + NS_PER_S;
    });
    const sleeps = [{ armed: 2n * NS_PER_S, length: 3n * NS_PER_S }];
    const move = { uptimeB: UPTIME_A, wallJump: 0n, downtime: NS_PER_S };
    expect(() => alike({ kernel, uptimeA: UPTIME_A, move, sleeps, horizon: 10n * NS_PER_S })).toThrow();
  });
});
