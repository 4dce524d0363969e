/** Streams that cannot be: each is refused with what is wrong and where, and nothing of it is left on the host. */
import type { PageEntry, StreamRecord } from '@skewbed/proto/records.ts';
import { describe, expect, it } from 'vitest';
import { at, benchHost, sampleStream, tamperPage, waitingTarget } from '../bench-host.ts';
import { layoutOf } from '../guest/layout.ts';
import type { Host } from '../xen/host.ts';
import type { MigrationTarget } from './target.ts';

const coded = (code: string) => expect.objectContaining({ code });

function feed(target: MigrationTarget, stream: readonly StreamRecord[]): void {
  for (const record of stream) target.apply(at(1), record);
}

const layout = layoutOf(128);
const STREAM = sampleStream({ vcpus: 2 });

/** The sample stream with its records of one type changed, left out or repeated. */
const changed = (type: StreamRecord['type'], change: (record: StreamRecord) => StreamRecord[]): StreamRecord[] =>
  STREAM.flatMap((record) => (record.type === type ? change(record) : [record]));

/** The sample stream with one field of one record type set. */
const set = (type: StreamRecord['type'], fields: object): StreamRecord[] =>
  changed(type, (record) => [{ ...record, ...fields } as StreamRecord]);

const withPage = (pfn: number, change: (entry: PageEntry) => PageEntry): StreamRecord[] =>
  changed('PAGE_DATA', (record) => [tamperPage(record, pfn, change)]);

const moved = (from: number, to: number): StreamRecord[] => {
  const stream = [...STREAM];
  const [record] = stream.splice(from, 1);
  stream.splice(to, 0, record as StreamRecord);
  return stream;
};
const indexOf = (type: StreamRecord['type']): number => STREAM.findIndex((record) => record.type === type);
const context = STREAM.find((record) => record.type === 'X86_PV_VCPU_BASIC')?.context as Uint8Array;
const contextWith = (offset: number, byte: number): Uint8Array => {
  const bytes = context.slice();
  bytes[offset] = byte;
  return bytes;
};
const onFirstVcpu = (bytes: Uint8Array): StreamRecord[] =>
  changed('X86_PV_VCPU_BASIC', (record) => [
    record.type === 'X86_PV_VCPU_BASIC' && record.vcpuId === 0 ? { ...record, context: bytes } : record,
  ]);

const BAD: readonly (readonly [what: string, stream: StreamRecord[], says: string])[] = [
  [
    'another guest width',
    set('X86_PV_INFO', { guestWidth: 4, ptLevels: 3 }),
    'X86_PV_INFO is of a guest of 4 bytes and 3 levels',
  ],
  ['PV_INFO twice', changed('X86_PV_INFO', (record) => [record, record]), 'X86_PV_INFO comes twice'],
  ['STATIC_DATA_END first', moved(1, 0), 'STATIC_DATA_END comes before X86_PV_INFO'],
  ['STATIC_DATA_END twice', changed('STATIC_DATA_END', (record) => [record, record]), 'STATIC_DATA_END comes twice'],
  ['no PV_INFO', STREAM.slice(2), 'X86_PV_P2M_FRAMES comes before X86_PV_INFO'],
  ['P2M_FRAMES twice', changed('X86_PV_P2M_FRAMES', (record) => [record, record]), 'X86_PV_P2M_FRAMES comes twice'],
  ['pages before P2M_FRAMES', moved(2, 4), 'PAGE_DATA comes before X86_PV_P2M_FRAMES'],
  ['a domain of no pages', set('X86_PV_P2M_FRAMES', { endPfn: -1 }), 'spans pfn 0 to -1'],
  ['a domain of a few pages', set('X86_PV_P2M_FRAMES', { endPfn: 9 }), 'spans pfn 0 to 9'],
  ['a domain beyond all bounds', set('X86_PV_P2M_FRAMES', { endPfn: 2 ** 40 }), 'spans pfn 0 to 1099511627776'],
  ['half a page', set('X86_PV_P2M_FRAMES', { endPfn: 127.5 }), 'spans pfn 0 to 127.5'],
  ['a domain that does not begin at 0', set('X86_PV_P2M_FRAMES', { startPfn: 1 }), 'spans pfn 1 to 127'],
  ['too many p2m frames', set('X86_PV_P2M_FRAMES', { frames: [6, 7] }), 'names 2 frames for 128 pages'],
  ['other p2m frames', set('X86_PV_P2M_FRAMES', { frames: [99] }), 'names other pages'],
  ['PAGE_DATA of nothing', set('PAGE_DATA', { entries: [] }), 'PAGE_DATA has no page in it'],
  [
    'a page beyond the domain',
    withPage(100, (entry) => ({ ...entry, pfn: 128 })),
    'has pfn 128; the domain has pages 0 to 127',
  ],
  ['a page below it', withPage(100, (entry) => ({ ...entry, pfn: -1 })), 'has pfn -1'],
  [
    'a page type that nobody sends',
    withPage(100, (entry) => ({ ...entry, type: 0xd })),
    'has pfn 100 with page type 0xd',
  ],
  [
    'a page that is XTAB and never comes',
    withPage(100, (entry) => ({ ...entry, type: 0xf, page: null })),
    '1 of 128 pages did not come',
  ],
  [
    'a short page',
    withPage(0, (entry) => ({ ...entry, page: new Uint8Array(4095) })),
    'has 4095 bytes for pfn 0, not 4096',
  ],
  [
    'a page that did not come',
    changed('PAGE_DATA', (record) => [
      record.type === 'PAGE_DATA' ? { ...record, entries: record.entries.filter((entry) => entry.pfn !== 77) } : record,
    ]),
    '1 of 128 pages did not come',
  ],
  ['shared_info before the pages', moved(indexOf('SHARED_INFO'), 3), 'SHARED_INFO comes before PAGE_DATA'],
  ['shared_info twice', changed('SHARED_INFO', (record) => [record, record]), 'SHARED_INFO comes twice'],
  [
    'a short shared_info',
    set('SHARED_INFO', { page: new Uint8Array(3136) }),
    'SHARED_INFO is 3136 bytes long, not 4096',
  ],
  ['no shared_info', changed('SHARED_INFO', () => []), 'END comes before SHARED_INFO'],
  ['TSC_INFO twice', changed('X86_TSC_INFO', (record) => [record, record]), 'X86_TSC_INFO comes twice'],
  ['no vCPU', changed('X86_PV_VCPU_BASIC', () => []), 'END comes before X86_PV_VCPU_BASIC'],
  ['a vCPU twice', set('X86_PV_VCPU_BASIC', { vcpuId: 0 }), 'comes twice for vCPU 0'],
  ['a vCPU beyond the last', set('X86_PV_VCPU_BASIC', { vcpuId: 32 }), 'is for vCPU 32; there are 0 to 31'],
  [
    'no vCPU 0',
    changed('X86_PV_VCPU_BASIC', (record) =>
      record.type === 'X86_PV_VCPU_BASIC' && record.vcpuId === 0 ? [] : [record],
    ),
    'for vCPU 1 comes where that for vCPU 0 belongs',
  ],
  ['a short context', onFirstVcpu(context.slice(0, 2800)), 'a vcpu context of 2800 bytes'],
  ['a cr3 beyond the domain', onFirstVcpu(contextWith(4984 + 24 + 3, 0xff)), 'cr3 is pfn'],
  [
    'a start_info elsewhere',
    onFirstVcpu(contextWith(520 + 96, 3)),
    'for vCPU 0 says that start_info is pfn 3; it lies at pfn 0',
  ],
  ['a GDT beyond all bounds', onFirstVcpu(contextWith(4961, 0xff)), 'a GDT of 65280 entries'],
  ['a record after END', [...STREAM, { type: 'STATIC_DATA_END' }], 'STATIC_DATA_END comes after END'],
  ['no END', STREAM.slice(0, -1), 'the stream stopped before END'],
  ['nothing at all', [], 'the stream stopped before END'],
];

describe('a stream that cannot be', () => {
  const told = (stream: StreamRecord[], host: Host): (() => void) => {
    const target = waitingTarget(host);
    return () => {
      try {
        feed(target, stream);
        target.finish(at(1));
      } finally {
        target.abort(at(1), 'bad stream');
      }
    };
  };

  it.each(BAD)('%s: is refused by what is wrong and where, and leaves nothing behind', (_, stream, says) => {
    const host = benchHost();
    const receive = told(stream, host);
    let thrown: unknown;
    try {
      receive();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'bad-stream', message: expect.stringContaining(says) });
    expect((thrown as Error).message).toMatch(/^migration m1: /);
    expect(host.memory.audit()).toMatchObject({ owned: 0, problems: [] });
    expect(host.domainNames()).toEqual([]);
  });

  it('is told from a good one: the same stream unchanged is taken', () => {
    expect(() => {
      const target = waitingTarget(benchHost());
      feed(target, STREAM);
      target.finish(at(1));
    }).not.toThrow();
  });

  it('a table that maps a page beyond the domain is a bad page table, and leaves nothing behind either', () => {
    const host = benchHost();
    const l1 = layout.pageTables.at(-1) as number;
    const beyond = withPage(l1, (entry) => {
      const page = (entry.page as Uint8Array).slice();
      page[8 * 5 + 3] = 0xff;
      return { ...entry, page };
    });
    expect(told(beyond, host)).toThrow(coded('bad-page-table'));
    expect(host.memory.audit()).toMatchObject({ owned: 0, problems: [] });
  });

  it('kernel data that cannot be read is found before the commit', () => {
    const host = benchHost();
    const broken = withPage(layout.kernelData[0] as number, (entry) => ({ ...entry, page: null }));
    expect(told(broken, host)).toThrow(coded('memory-mismatch'));
    expect(host.memory.audit()).toMatchObject({ owned: 0, problems: [] });
  });
});
