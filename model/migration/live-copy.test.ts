/** A guest that is copied while it runs: what goes in which pass, what a write between passes does, and who is refused. */
import { PAGE_TYPE, type PageEntry, type StreamRecord } from '@skewbed/proto/records.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { at, benchHost, elapse, GUEST, recordsOf, startBenchGuest, tamperPage, waitingTarget } from '../bench-host.ts';
import { layoutOf } from '../guest/layout.ts';
import { eventsOf } from '../readings.ts';
import type { DomainSpec } from '../xen/host-event.ts';
import { writeArch } from '../xen/shared-info.ts';
import type { PrecopyOrder } from './policies/index.ts';
import { MigrationSource, type SourceOptions } from './source.ts';
import type { MigrationTarget } from './target.ts';

const coded = (code: string) => expect.objectContaining({ code });
const layout = layoutOf(128);
const WRITER = [0, 1, 2, 3].map((page) => layout.free + page);

const entriesOf = (records: readonly StreamRecord[]): PageEntry[] =>
  records.flatMap((record) => (record.type === 'PAGE_DATA' ? record.entries : []));
const pfnsOf = (records: readonly StreamRecord[]): number[] => entriesOf(records).map(({ pfn }) => pfn);

/** A source in pre-copy at 1 s, on a host of its own. */
function copying(options: { spec?: Partial<DomainSpec>; order?: PrecopyOrder; source?: SourceOptions } = {}) {
  const host = benchHost();
  startBenchGuest(host, options.spec);
  const source = new MigrationSource(host, 'm1', GUEST, options.source);
  source.prepare(at(1));
  expect(source.startPrecopy(at(1), options.order ?? { policy: 'fixed-rounds', rounds: 9 })).toBe('precopy');
  return { host, source, domain: host.domain(GUEST) };
}

/** Takes a pass, with the records copied as the wire would. */
function pass(source: MigrationSource): StreamRecord[] {
  return recordsOf(source).map((record) =>
    record.type === 'PAGE_DATA'
      ? { ...record, entries: record.entries.map((entry) => ({ ...entry, page: entry.page?.slice() ?? null })) }
      : record,
  );
}

function feed(target: MigrationTarget, when: TrueNs, records: readonly StreamRecord[]): void {
  for (const record of records) target.apply(when, record);
}

describe('a live copy', () => {
  it('begins with the head and every page, and goes on with what was written since', () => {
    const { source } = copying();
    const first = pass(source);
    expect(first.map((record) => record.type).slice(0, 4)).toEqual([
      'X86_PV_INFO',
      'STATIC_DATA_END',
      'X86_PV_P2M_FRAMES',
      'PAGE_DATA',
    ]);
    expect(pfnsOf(first)).toEqual(Array.from({ length: 128 }, (_, pfn) => pfn));
    expect(source.endPass(at(1.021), 1)).toBe('pass');
    // Two ticks: two pages of the writer, and the runstate record that Xen copies.
    const second = pfnsOf(pass(source));
    expect(second.filter((pfn) => WRITER.includes(pfn))).toHaveLength(2);
    expect(second.every((pfn) => WRITER.includes(pfn) || pfn === layout.runstate)).toBe(true);
  });

  it('leaves only the dirty pages for the guest that stands still, and both memories are one', () => {
    const { host, source } = copying();
    const to = benchHost({ name: 'b', mfnSalt: 77 });
    const target = waitingTarget(to);
    feed(target, at(1), pass(source));
    source.endPass(at(1.5), 1);
    feed(target, at(1.5), pass(source));
    source.suspend(at(1.505));
    const last = pass(source);
    expect(pfnsOf(last).filter((pfn) => !layout.kernelData.includes(pfn)).length).toBeLessThan(8);
    expect(pfnsOf(last)).toEqual(expect.arrayContaining([layout.kernelData[0]]));
    expect(last.map((record) => record.type)).not.toContain('X86_PV_INFO');
    feed(target, at(1.505), last);
    expect(target.finish(at(1.505))).toEqual(source.digest());
    target.commit(at(1.505), { runAt: at(2), pausedForNs: 495_000_000n });
    source.commit(at(1.505));
    elapse(to, at(4));
    to.step(at(4), { type: 'audit' });
    expect(eventsOf(to.drain(), 'writer-checked').at(-1)?.badPages).toEqual([]);
    expect(host.memory.audit().owned).toBe(0);
  });

  it('is caught by the digest when a pass is thrown away: the canary of all of this', () => {
    const { source } = copying();
    const target = waitingTarget(benchHost({ name: 'b' }));
    feed(target, at(1), pass(source));
    source.endPass(at(1.5), 1);
    pass(source);
    source.suspend(at(1.5));
    feed(target, at(1.5), pass(source));
    expect(target.finish(at(1.5))).not.toEqual(source.digest());
  });

  it('sends what is left of a pass when the guest is stopped in the middle of it', () => {
    const { source } = copying();
    const target = waitingTarget(benchHost({ name: 'b' }));
    for (let taken = 0; taken < 6; taken++) feed(target, at(1), source.take(10));
    source.suspend(at(1.3));
    feed(target, at(1.3), pass(source));
    expect(target.finish(at(1.3))).toEqual(source.digest());
  });

  it('writes as much in one long stretch as in many short ones, at every rate and throttle', () => {
    const writes = (looks: number[], throttle: number) => {
      const host = benchHost();
      startBenchGuest(host, { writerRate: 7, writerPages: 40 });
      elapse(host, at(0.1));
      host.domain(GUEST).guest?.throttle(throttle);
      for (const look of looks) host.reach(at(look));
      return host.domain(GUEST).guest?.checkWriter();
    };
    const often = Array.from({ length: 60 }, (_, i) => 0.11 + i * 0.01);
    expect(writes([0.7], 0)).toEqual(writes(often, 0));
    expect(writes([0.7], 33)).toEqual(writes(often, 33));
    expect(writes([0.7], 0)?.writes).toBeGreaterThan(400n);
    expect(writes([0.7], 99)?.writes).toBeLessThan(80n);
  });

  it('throttles the writers of a guest that does not converge, and frees them when it is given up', () => {
    const { host, source, domain } = copying({
      spec: { writerRate: 64, writerPages: 64 },
      order: { policy: 'qemu', downtimeLimitNs: 1n, autoConverge: 'on' },
    });
    for (let second = 2; second < 6; second++) {
      pass(source);
      source.endPass(at(second), 64 * 4096);
    }
    expect(source.progress).toMatchObject({ throttlePercent: 30 });
    source.abort(at(6), 'enough');
    expect(domain.logDirty.enabled).toBe(false);
    const before = domain.guest?.checkWriter().writes ?? 0n;
    host.reach(at(7));
    expect((domain.guest?.checkWriter().writes ?? 0n) - before).toBe(6400n);
  });
});

describe('a page table that changes under the sender', () => {
  const tablePfn = layout.pageTables.at(-1) as number;

  it('goes as XTAB and comes again when the guest stands still', () => {
    const { source, domain } = copying();
    const target = waitingTarget(benchHost({ name: 'b' }));
    const table = new DataView(domain.page(tablePfn).buffer, domain.page(tablePfn).byteOffset, 4096);
    const entry = table.getBigUint64(0, true);
    table.setBigUint64(0, (0x7_ffffn << 12n) | (entry & 0xfffn), true);
    const first = pass(source);
    expect(entriesOf(first)).toContainEqual({ pfn: tablePfn, type: PAGE_TYPE.XTAB, page: null });
    feed(target, at(1), first);
    table.setBigUint64(0, entry, true);
    source.suspend(at(1.1));
    feed(target, at(1.1), pass(source));
    expect(target.finish(at(1.1))).toEqual(source.digest());
  });

  it('is fatal when it still is wrong then, and the guest goes on at home', () => {
    const { source, domain } = copying();
    pass(source);
    const page = domain.pageForWrite(tablePfn);
    new DataView(page.buffer, page.byteOffset).setBigUint64(0, (0x7_ffffn << 12n) | 1n, true);
    expect(() => {
      source.suspend(at(1.1));
      pass(source);
    }).toThrow(coded('foreign-frame'));
    source.abort(at(1.1), 'a foreign frame');
    expect(domain.state).toBe('running');
  });
});

describe('a source in pre-copy', () => {
  it('refuses a guest that is changing its p2m, before and meanwhile', () => {
    const { host, source, domain } = copying();
    pass(source);
    writeArch(domain.sharedInfoForWrite(), { p2mGeneration: 2n });
    expect(() => source.endPass(at(2), 1)).toThrow(coded('p2m-changed'));
    source.abort(at(2), 'p2m');
    writeArch(domain.sharedInfoForWrite(), { p2mGeneration: 3n });
    const again = new MigrationSource(host, 'm2', GUEST);
    again.prepare(at(3));
    expect(() => again.startPrecopy(at(3), { policy: 'xen' })).toThrow(coded('p2m-changed'));
  });

  it('shares its guest with no second migration', () => {
    const { host } = copying();
    expect(() => new MigrationSource(host, 'm2', GUEST).prepare(at(1))).toThrow(
      expect.objectContaining({ code: 'illegal-state', message: expect.stringContaining('being moved by m1') }),
    );
  });

  it('gives its domain free for another migration when it is aborted', () => {
    const { host, source } = copying();
    source.abort(at(1.2), 'cancelled');
    const again = new MigrationSource(host, 'm2', GUEST);
    again.prepare(at(2));
    expect(again.startPrecopy(at(2), { policy: 'xen' })).toBe('precopy');
  });

  it('cannot end a pass that was not taken, and not go on with a guest that somebody paused', () => {
    const { host, source } = copying();
    expect(() => source.endPass(at(1.1), 1)).toThrow(coded('illegal-state'));
    pass(source);
    host.step(at(1.2), { type: 'pause', domain: GUEST });
    expect(() => source.endPass(at(1.3), 1)).toThrow(coded('illegal-state'));
  });
});

describe('VERIFY', () => {
  const verified = (tamper: (record: StreamRecord) => StreamRecord) => {
    const { source } = copying({ source: { verify: 'every-page' } });
    const to = benchHost({ name: 'b' });
    const target = waitingTarget(to);
    feed(target, at(1), pass(source));
    source.suspend(at(1.1));
    let verifying = false;
    for (const record of pass(source)) {
      if (record.type === 'VERIFY') verifying = true;
      target.apply(at(1.1), verifying ? tamper(record) : record);
    }
    return to.drain();
  };

  it('sends every page once more and finds them equal', () => {
    const [event] = eventsOf(
      verified((record) => record),
      'memory-verified',
    );
    expect(event).toMatchObject({ pages: 128, different: 0, problems: [] });
  });

  it('names a page that differs by pfn, type and who uses it', () => {
    const flip = (record: StreamRecord) =>
      tamperPage(record, layout.console, (entry) => ({ ...entry, page: new Uint8Array(4096).fill(9) }));
    expect(() => verified(flip)).toThrow(
      expect.objectContaining({
        code: 'memory-mismatch',
        message: expect.stringContaining(`pfn ${layout.console} NOTAB (console ring)`),
      }),
    );
  });

  it('notices pages that were not sent again', () => {
    const lose = (record: StreamRecord): StreamRecord =>
      record.type === 'PAGE_DATA' ? { ...record, entries: record.entries.slice(1) } : record;
    expect(() => verified(lose)).toThrow(coded('memory-mismatch'));
  });
});
