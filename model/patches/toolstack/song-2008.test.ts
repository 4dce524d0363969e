/** The posted patch, hunk by hunk, each by its effect; and what was found against it (facts C.2). */
import { NS_PER_S } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import {
  at,
  BENCH_WALL,
  benchHost,
  elapse,
  GUEST,
  sampleStream,
  startBenchGuest,
  waitingTarget,
} from '../../bench-host.ts';
import { eventsOf } from '../../readings.ts';
import type { Host } from '../../xen/host.ts';
import { readWallclock } from '../../xen/shared-info.ts';

const RESTOREDOMAIN = 51;
const STREAM = sampleStream();
const patched = (): Host =>
  benchHost({
    name: 'b',
    mfnSalt: 2,
    patches: ['song-2008'],
    uptimeSkew: '+50s',
    utcAtZeroNs: BENCH_WALL + 9n * NS_PER_S,
  });
const wallclockOf = (host: Host, name = GUEST) => readWallclock(host.domain(name).sharedInfo, 'u64');
/** What the source published: its wall of true time 0 at its uptime of 1000 s. */
const SOURCE_WC = BENCH_WALL - 1000n * NS_PER_S;
const OWN_WC = BENCH_WALL + 9n * NS_PER_S - 50n * NS_PER_S;

/** Restores the sample; `between` is done when the domctl was issued and no context set yet. */
function restore(host: Host, between = (): void => undefined): void {
  const target = waitingTarget(host, 'song-2008');
  for (const record of STREAM) target.apply(at(1), record);
  between();
  target.finish(at(1));
  target.commit(at(1), { runAt: at(2), pausedForNs: NS_PER_S });
}

const settime = (host: Host, seconds: number): void =>
  host.step(at(seconds), { type: 'settime', by: 'ntp', to: { kind: 'relative', byNs: 0n } });

describe('the six hunks', () => {
  it('1: the domctl comes before the first page, and its failure ends the restore with nothing left', () => {
    const host = patched();
    host.patches.domctl.delete(RESTOREDOMAIN);
    const target = waitingTarget(host, 'song-2008');
    for (const record of STREAM.slice(0, 2)) target.apply(at(1), record);
    expect(() => target.apply(at(1), STREAM[2] as (typeof STREAM)[number])).toThrow('-ENOSYS');
    target.abort(at(1), 'restoredomain failed');
    expect(host.memory.audit()).toMatchObject({ owned: 0, problems: [] });
  });

  it('2: wc_sec and wc_nsec are the saved ones, wc_version is not', () => {
    const host = patched();
    restore(host);
    expect(wallclockOf(host)).toEqual({ version: 0, wcNs: SOURCE_WC });
  });

  it('3: one update is skipped, and the next one is not', () => {
    const host = patched();
    restore(host);
    expect(eventsOf(host.drain(), 'wallclock-skipped')).toMatchObject([{ domain: GUEST, patch: 'song-2008' }]);
    elapse(host, at(3));
    settime(host, 3);
    expect(wallclockOf(host)).toEqual({ version: 2, wcNs: OWN_WC });
    expect(eventsOf(host.drain(), 'wallclock-skipped')).toEqual([]);
  });

  it('4: the domctl for a domain that is not there returns 0 where it should say -ESRCH', () => {
    expect(() => patched().domctl(RESTOREDOMAIN, null)).not.toThrow();
  });

  it('5: its number is taken on a host that has set_machine_address_size', () => {
    expect(() => benchHost({ patches: ['song-2008'], domctl51: true })).toThrow(
      expect.objectContaining({ code: 'domctl-clash', message: expect.stringContaining('X:41296317a3') }),
    );
  });

  it("6: the flag is one domain's: another one on that host gets every update", () => {
    const host = patched();
    startBenchGuest(host, { name: 'second' });
    const before = wallclockOf(host, 'second').version;
    restore(host, () => settime(host, 1));
    expect(wallclockOf(host, 'second')).toEqual({ version: before + 2, wcNs: OWN_WC });
  });
});

describe('a settime between the domctl and the contexts', () => {
  it('is the update that is skipped; the contexts then write, and the copy comes after them all the same', () => {
    const host = patched();
    restore(host, () => settime(host, 1));
    expect(eventsOf(host.drain(), 'wallclock-skipped')).toHaveLength(1);
    expect(wallclockOf(host)).toEqual({ version: 2, wcNs: SOURCE_WC });
  });
});

describe('a domain that was not restored', () => {
  it('is as on any host: created here, it gets the wall of this host', () => {
    const host = patched();
    startBenchGuest(host);
    expect(wallclockOf(host)).toEqual({ version: 2, wcNs: OWN_WC });
    settime(host, 1);
    expect(wallclockOf(host)).toEqual({ version: 4, wcNs: OWN_WC });
  });
});
