/** The source's side: what it sends and in which order, and that a migration which fails costs the guest nothing. */
import { PAGE_TYPE, type PageEntry, type StreamRecord } from '@skewbed/proto/records.ts';
import { NS_PER_MS, NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import {
  at,
  benchHost,
  callGuest,
  elapse,
  GUEST,
  migrate,
  recordsOf,
  sampleStream,
  startBenchGuest,
} from '../bench-host.ts';
import { KERNEL_NAMES } from '../guest/kernels/index.ts';
import { layoutOf } from '../guest/layout.ts';
import { eventsOf } from '../readings.ts';
import type { Host } from '../xen/host.ts';
import { readArch } from '../xen/shared-info.ts';
import { readVcpuContext } from '../xen/vcpu-context.ts';
import { MigrationSource } from './source.ts';

const coded = (code: string) => expect.objectContaining({ code });
const recordOf = <T extends StreamRecord['type']>(records: StreamRecord[], type: T) =>
  records.find((record): record is Extract<StreamRecord, { type: T }> => record.type === type) as Extract<
    StreamRecord,
    { type: T }
  >;
const entriesOf = (records: StreamRecord[]): PageEntry[] =>
  records.flatMap((record) => (record.type === 'PAGE_DATA' ? record.entries : []));

function suspended(host: Host, seconds: number): MigrationSource {
  const source = new MigrationSource(host, 'm1', GUEST);
  source.prepare(at(seconds));
  source.suspend(at(seconds));
  return source;
}

describe('the stream of a suspended guest', () => {
  it('has its records in the order of facts D.5', () => {
    const types = sampleStream({ vcpus: 2 }).map((record) => record.type);
    expect(types.filter((type, i) => type !== types[i - 1] || type === 'X86_PV_VCPU_BASIC')).toEqual([
      'X86_PV_INFO',
      'STATIC_DATA_END',
      'X86_PV_P2M_FRAMES',
      'PAGE_DATA',
      'X86_TSC_INFO',
      'SHARED_INFO',
      'X86_PV_VCPU_BASIC',
      'X86_PV_VCPU_BASIC',
      'END',
    ]);
  });

  it('has the system time before the contexts where the hypervisor keeps it continuous', () => {
    const host = benchHost({ patches: ['uptime-continuity'] });
    startBenchGuest(host);
    const types = recordsOf(suspended(host, 1)).map((record) => record.type);
    expect(types.slice(-4)).toEqual(['SHARED_INFO', 'SKEWBED_SYSTEM_TIME', 'X86_PV_VCPU_BASIC', 'END']);
  });

  it.each([1, 7, 64, 1000])('has each page once, in rising order, at most %d in a record', (maxPages) => {
    const host = benchHost();
    startBenchGuest(host);
    const records = recordsOf(suspended(host, 1), maxPages);
    expect(entriesOf(records).map((entry) => entry.pfn)).toEqual(Array.from({ length: 128 }, (_, pfn) => pfn));
    const sizes = records.flatMap((record) => (record.type === 'PAGE_DATA' ? [record.entries.length] : []));
    expect(Math.max(...sizes)).toBe(Math.min(maxPages, 128));
  });

  it('carries no machine frame: tables hold pfns, the contexts too, and the list of lists is blank', () => {
    const records = sampleStream();
    const { pageTables, startInfo } = layoutOf(128);
    const tables = entriesOf(records).filter((entry) => pageTables.includes(entry.pfn));
    expect(tables.map(({ type }) => type & 7)).toEqual([4, 3, 2, 1]);
    const [l4, , , l1] = tables as [PageEntry, PageEntry, PageEntry, PageEntry];
    const words = new BigUint64Array((l1.page as Uint8Array).slice().buffer);
    expect(Array.from({ length: 128 }, (_, pfn) => Number(((words[pfn] as bigint) >> 12n) & 0xff_ffffn))).toEqual(
      Array.from({ length: 128 }, (_, pfn) => pfn),
    );
    const context = readVcpuContext(recordOf(records, 'X86_PV_VCPU_BASIC').context);
    expect([Number(context.startInfoFrame), context.cr3Frame]).toEqual([startInfo, l4.pfn]);
    expect(readArch(recordOf(records, 'SHARED_INFO').page).pfnToMfnFrameListList).toBe(0n);
  });

  it('names a page that was never written, and sends nothing of it', () => {
    const last = entriesOf(sampleStream()).at(-1);
    expect(last).toEqual({ pfn: 127, type: PAGE_TYPE.NOTAB, page: null });
  });
});

describe('a source', () => {
  it('goes from preparing to suspended to destroyed, and its frames are free then', () => {
    const host = benchHost();
    const { free } = host.memory;
    startBenchGuest(host);
    const source = new MigrationSource(host, 'm1', GUEST);
    expect(source.phase).toBe('preparing');
    expect(() => source.digest()).toThrow(coded('illegal-state'));
    expect(() => source.take(1)).toThrow(coded('illegal-state'));
    source.prepare(at(1));
    source.suspend(at(1.003));
    expect(source.phase).toBe('suspended');
    elapse(host, at(2));
    expect(eventsOf(host.drain(), 'probe').at(-1)).toMatchObject({ why: 'suspend', at: at(1.003) });
    source.commit(at(2));
    expect(source.phase).toBe('destroyed');
    expect(host.memory.free).toBe(free);
    expect(host.memory.audit().problems).toEqual([]);
    expect(() => source.abort(at(2), 'too late')).toThrow(coded('illegal-state'));
    expect(() => source.commit(at(2))).toThrow(coded('illegal-state'));
  });

  it('asks for a domain that is there and runs', () => {
    const prepare = (host: Host) => () => new MigrationSource(host, 'm1', GUEST).prepare(at(1));
    expect(prepare(benchHost())).toThrow(coded('not-found'));
    const host = benchHost();
    startBenchGuest(host);
    host.step(at(1), { type: 'pause', domain: GUEST });
    expect(prepare(host)).toThrow(coded('illegal-state'));
  });

  it('says that a guest was destroyed under it', () => {
    const host = benchHost();
    startBenchGuest(host);
    const source = new MigrationSource(host, 'm1', GUEST);
    expect(() => source.suspend(at(1))).toThrow('prepare comes first');
    source.prepare(at(1));
    host.step(at(2), { type: 'destroy', domain: GUEST, why: 'test' });
    expect(() => source.suspend(at(2))).toThrow('domain guest is dead, and has to be running');
    source.abort(at(2), 'the guest is gone');
    expect(source.phase).toBe('resumed');
  });

  it('gets no answer from a guest whose vCPU is in a loop with interrupts off', () => {
    const old = benchHost();
    const young = benchHost({ name: 'b', uptimeSkew: '+100s', mfnSalt: 2 });
    startBenchGuest(old, { kernel: 'suse-2.6.25', build: 'up' });
    migrate(old, young, { stop: at(1), runAt: at(2) });
    const source = new MigrationSource(young, 'm2', GUEST);
    source.prepare(at(3));
    expect(() => source.suspend(at(3))).toThrow(
      'does not answer the suspend request, its vCPU runs with interrupts off',
    );
    source.abort(at(3), 'no answer');
    expect(young.domain(GUEST).state).toBe('running');
  });
});

describe('a migration that fails', () => {
  it('before the suspend leaves no trace in the guest', () => {
    const probesOf = (aborted: boolean) => {
      const host = benchHost();
      startBenchGuest(host);
      const source = new MigrationSource(host, 'm1', GUEST);
      if (aborted) {
        source.prepare(at(1));
        source.abort(at(2), 'changed our mind');
      }
      host.step(at(5), { type: 'observe', domain: GUEST });
      return eventsOf(host.drain(), 'probe').at(-1)?.reading;
    };
    expect(probesOf(true)).toEqual(probesOf(false));
  });

  /** The guest is stopped from 2 s to 12 s, and looked at before, right after and a minute later. */
  function failed(kernel: (typeof KERNEL_NAMES)[number]) {
    const host = benchHost();
    startBenchGuest(host, { kernel });
    callGuest(host, at(1), { call: 'nanosleep', timer: 'before', lengthNs: 21n * NS_PER_S });
    const source = suspended(host, 2);
    const before = eventsOf(host.drain(), 'probe').at(-1);
    recordsOf(source);
    source.abort(at(12), 'the target went away');
    callGuest(host, at(12.005), { call: 'nanosleep', timer: 'after', lengthNs: NS_PER_S });
    for (let next = host.nextDeadline(); next !== null && next <= at(72); next = host.nextDeadline())
      host.step(next, { type: 'elapse' });
    host.step(at(72), { type: 'observe', domain: GUEST });
    host.step(at(72), { type: 'audit' });
    const history = host.drain();
    const returned = (timer: string) =>
      eventsOf(history, 'timer-returned').find((event) => event.timer === timer)?.at ?? 0n;
    return { history, before, after: eventsOf(history, 'probe').at(-1), returned };
  }

  it.each(KERNEL_NAMES)('resumes %s on the source, which ticks on', (kernel) => {
    const { history, before, after, returned } = failed(kernel);
    expect(eventsOf(history, 'guest-started')).toMatchObject([{ how: 'resumed' }]);
    const late = returned('after') - at(13.005);
    expect(late >= 0n && late <= 20n * NS_PER_MS, `late by ${late} ns`).toBe(true);
    const ticks = (after?.reading.jiffies ?? 0n) - (before?.reading.jiffies ?? 0n);
    expect(ticks >= 5_999n && ticks <= 6_001n, `${ticks} jiffies in a minute`).toBe(true);
    expect(eventsOf(history, 'frames-audit').at(-1)?.ok).toBe(true);
    expect(eventsOf(history, 'memory-audit').at(-1)?.ok).toBe(true);
    expect(eventsOf(history, 'writer-checked').at(-1)?.badPages).toEqual([]);
  });

  it.each(KERNEL_NAMES.filter((name) => name !== 'suse-2.6.25'))(
    'leaves the date of %s right, and its CLOCK_MONOTONIC without the pause',
    (kernel) => {
      const { before, after, returned } = failed(kernel);
      expect((after?.reading.dateNs ?? 0n) - (after?.wallNs ?? 0n)).toBe(0n);
      expect((after?.reading.monotonicNs ?? 0n) - (before?.reading.monotonicNs ?? 0n)).toBe(60n * NS_PER_S);
      expect(returned('before') - at(32)).toBeLessThanOrEqual(20n * NS_PER_MS);
    },
  );

  it('costs K2 the pause in its date, and in CLOCK_MONOTONIC as well (L.7)', () => {
    const { before, after, returned } = failed('suse-2.6.25');
    expect((after?.reading.dateNs ?? 0n) - (after?.wallNs ?? 0n)).toBe(10n * NS_PER_S);
    expect((after?.reading.monotonicNs ?? 0n) - (before?.reading.monotonicNs ?? 0n)).toBe(70n * NS_PER_S);
    expect(returned('before') - at(22)).toBeLessThanOrEqual(20n * NS_PER_MS);
  });

  it('answers the suspend hypercall with 1, where a new domain reads 0', () => {
    const answerOf = (bytes: Uint8Array | undefined) => readVcpuContext(bytes as Uint8Array).rax;
    const host = benchHost();
    startBenchGuest(host);
    const source = suspended(host, 1);
    expect(answerOf(recordOf(recordsOf(source), 'X86_PV_VCPU_BASIC').context)).toBe(0n);
    source.abort(at(2), 'test');
    expect(answerOf(host.domain(GUEST).vcpus[0]?.context)).toBe(1n);
  });

  it('can be followed by one that does not', () => {
    const a = benchHost();
    const b = benchHost({ name: 'b', mfnSalt: 2 });
    startBenchGuest(a);
    suspended(a, 1).abort(at(2), 'first try');
    migrate(a, b, { stop: at(3), runAt: at(4) });
    b.step(trueNs(5_000_000_000n), { type: 'observe', domain: GUEST });
    const probe = eventsOf(b.drain(), 'probe').at(-1);
    expect(probe?.reading.dateNs).toBe(probe?.wallNs);
    expect(a.domainNames()).toEqual([]);
  });
});
