/** What verify refuses: each rule broken once in the smallest file that has everything. */
import { bytesInput } from '@skewbed/proto/libxc/byte-cursor.ts';
import type { SaveItem } from '@skewbed/proto/libxc/save-item.ts';
import type { FileRecord } from '@skewbed/proto/records.ts';
import { describe, expect, it } from 'vitest';
import { configOf } from './domain-config.ts';
import { smallSave, smallSaveBytes } from './small-save.ts';
import { verifySave } from './verify.ts';

type Type = FileRecord['type'];
type Change = (items: SaveItem[]) => SaveItem[];

const isRecord = (item: SaveItem, type: Type) => item.kind === 'record' && item.record.type === type;
const verified = (change: Change = (items) => items) => verifySave(bytesInput(smallSaveBytes(change(smallSave()))));
const reasons = (change: Change): string[] =>
  verified(change).problems.map(({ record, reason }) => `${record}: ${reason}`);

const without =
  (type: Type): Change =>
  (items) =>
    items.filter((item) => !isRecord(item, type));
const twice =
  (type: Type): Change =>
  (items) =>
    items.flatMap((item) => (isRecord(item, type) ? [item, item] : [item]));
const before =
  (type: Type, record: FileRecord): Change =>
  (items) =>
    items.flatMap((item) => (isRecord(item, type) ? [{ kind: 'record', record }, item] : [item]));
/** Changes the first record of a type. */
function change<T extends Type>(type: T, how: (record: Extract<FileRecord, { type: T }>) => unknown): Change {
  return (items) => {
    const at = items.findIndex((item) => isRecord(item, type));
    const item = items[at] as Extract<SaveItem, { kind: 'record' }>;
    return items.with(at, {
      kind: 'record',
      record: how(item.record as Extract<FileRecord, { type: T }>) as FileRecord,
    });
  };
}
/** Changes a page of the first PAGE_DATA. */
const page = (pfn: number, how: (view: DataView) => void): Change =>
  change('PAGE_DATA', (record) => {
    const entries = record.entries.map((entry) => {
      if (entry.pfn !== pfn) return entry;
      const bytes = entry.page?.slice() ?? new Uint8Array(4096);
      how(new DataView(bytes.buffer));
      return { ...entry, page: bytes };
    });
    return { ...record, entries };
  });
const bytesAt =
  <T extends 'context' | 'page'>(field: T, at: number, value: number) =>
  (record: Record<T, Uint8Array>) => {
    const bytes = record[field].slice();
    bytes[at] = value;
    return { ...record, [field]: bytes };
  };
const header =
  (kind: SaveItem['kind'], fields: object): Change =>
  (items) =>
    items.map((item) => (item.kind === kind ? ({ ...item, ...fields } as SaveItem) : item));

describe('the smallest file that has everything', () => {
  it('is sound', () => {
    expect(verified()).toEqual({ sound: true, items: 21, problems: [], moreProblems: 0, notes: [] });
  });

  it('is sound without the frames of xl and libxl, and without xl alone', () => {
    expect(
      verified((items) => items.filter(({ kind }) => !kind.startsWith('x') && !kind.startsWith('libxl'))).sound,
    ).toBe(true);
    expect(verified((items) => items.filter(({ kind }) => kind !== 'xl-header')).sound).toBe(true);
  });

  it('is sound with pages that come again, with VERIFY, and with an optional record', () => {
    expect(verified(twice('PAGE_DATA'))).toMatchObject({
      sound: true,
      notes: [expect.stringContaining('9 pages come more than once')],
    });
    const [, , , , , , , , , , pages] = smallSave();
    const verifying: Change = (items) =>
      items.flatMap((item) =>
        isRecord(item, 'X86_TSC_INFO') ? [{ kind: 'record', record: { type: 'VERIFY' } }, pages!, item] : [item],
      );
    expect(verified(verifying)).toMatchObject({ sound: true, notes: [] });
    const optional = before('END', { type: 'OPTIONAL', number: 0x8012_3456, body: new Uint8Array(3) });
    expect(verified(optional)).toMatchObject({ sound: true, notes: [expect.stringContaining('0x80123456')] });
  });
});

describe('other shapes of a sound file', () => {
  const all =
    (...changes: Change[]): Change =>
    (items) =>
      changes.reduce((now, each) => each(now), items);

  it('version 2, which has neither policies nor STATIC_DATA_END', () => {
    const old = all(without('X86_CPUID_POLICY'), without('X86_MSR_POLICY'), without('STATIC_DATA_END'));
    expect(verified(all(old, header('image-header', { version: 2 }))).problems).toEqual([]);
    expect(verified(old).sound).toBe(false);
  });

  it('a file of the legacy converter', () => {
    const converted = all(
      header('libxl-header', { options: 2 }),
      header('domain-header', { xenMajor: 0, xenMinor: 0 }),
    );
    expect(verified(converted).problems).toEqual([]);
  });

  it('a 32-bit guest, whose contexts are smaller', () => {
    const narrow: Change = (items) =>
      items.map((item) =>
        isRecord(item, 'X86_PV_VCPU_BASIC') && item.kind === 'record'
          ? { kind: 'record', record: { ...item.record, context: new Uint8Array(2800) } as FileRecord }
          : item,
      );
    const info = change('X86_PV_INFO', (record) => ({ ...record, guestWidth: 4, ptLevels: 3 }));
    expect(verified(all(info, narrow)).problems).toEqual([]);
  });

  it('an HVM guest with the state of its device model', () => {
    const config = new TextEncoder().encode('{"c_info":{"type":"hvm","name":"h"}}\0');
    const pv = ['X86_PV_INFO', 'X86_PV_P2M_FRAMES', 'SHARED_INFO', 'X86_PV_VCPU_BASIC'] as const;
    const perVcpu = ['X86_PV_VCPU_EXTENDED', 'X86_PV_VCPU_XSAVE', 'X86_PV_VCPU_MSRS'] as const;
    const state = all(
      before('END', { type: 'HVM_CONTEXT', context: new Uint8Array(100) }),
      before('END', { type: 'HVM_PARAMS', params: [{ index: 1n, value: 2n }] }),
    );
    const emulator: SaveItem[] = [
      {
        kind: 'libxl-record',
        record: { type: 'EMULATOR_XENSTORE_DATA', emulator: 2, index: 0, strings: new TextEncoder().encode('k\0v\0') },
      },
      { kind: 'libxl-record', record: { type: 'EMULATOR_CONTEXT', emulator: 2, index: 0, state: new Uint8Array(33) } },
    ];
    const hvm = all(
      ...[...pv, ...perVcpu].map(without),
      state,
      header('domain-header', { domainType: 'x86 HVM' }),
      header('xl-header', { config }),
      (items) => [...items.slice(0, -1), ...emulator, ...items.slice(-1)],
    );
    expect(verified(hvm).problems).toEqual([]);
    expect(reasons(all(hvm, without('HVM_PARAMS')))).toEqual(['END: there is no HVM_PARAMS']);
  });
});

describe('verify refuses', () => {
  it.each<[string, Change, string]>([
    ['a file without TSC', without('X86_TSC_INFO'), 'END: there is no X86_TSC_INFO'],
    ['a file without vCPU 0', without('X86_PV_VCPU_BASIC'), 'there is no X86_PV_VCPU_BASIC of vCPU 0'],
    ['pages before STATIC_DATA_END', without('STATIC_DATA_END'), 'X86_PV_P2M_FRAMES: it comes before STATIC_DATA_END'],
    ['a second PV_INFO', twice('X86_PV_INFO'), 'X86_PV_INFO: it comes twice'],
    ['a second SHARED_INFO', twice('SHARED_INFO'), 'SHARED_INFO: it comes twice'],
    ['the same vCPU again', twice('X86_PV_VCPU_BASIC'), 'vCPU 0 comes after vCPU 0'],
    ['a policy in version 2', header('image-header', { version: 2 }), 'version 2 of the stream has no such record'],
    [
      'a PV guest in an HVM domain',
      header('domain-header', { domainType: 'x86 HVM' }),
      'an x86 HVM domain has no such record',
    ],
    ['a converted stream of Xen 4', header('libxl-header', { options: 2 }), 'the converter writes Xen 0'],
    ['a checkpoint', before('END', { type: 'CHECKPOINT' }), 'CHECKPOINT: it belongs to a checkpointed stream'],
    ['VERIFY without pages', before('X86_TSC_INFO', { type: 'VERIFY' }), 'VERIFY has no pages behind it'],
    [
      'a record of HVM',
      before('X86_TSC_INFO', { type: 'HVM_CONTEXT', context: new Uint8Array(8) }),
      'an x86 PV domain has no such record',
    ],
    [
      'a configuration that is no JSON',
      header('xl-header', { config: new TextEncoder().encode('name\0') }),
      'it is no JSON',
    ],
    [
      'a configuration without NUL',
      header('xl-header', { config: configOf({ name: 'a', vcpus: 2, pages: 9 }).slice(0, -1) }),
      'no NUL at its end',
    ],
    [
      'more vCPUs than configured',
      header('xl-header', { config: configOf({ name: 'a', vcpus: 1, pages: 9 }) }),
      'the configuration gives the guest 1',
    ],
  ])('%s', (_, how, reason) => {
    expect(reasons(how).join('\n')).toContain(reason);
  });

  it.each<[string, Change, string]>([
    [
      'a p2m that begins later',
      change('X86_PV_P2M_FRAMES', (record) => ({ ...record, startPfn: 1 })),
      'a save begins at 0',
    ],
    ['too many p2m frames', change('X86_PV_P2M_FRAMES', (record) => ({ ...record, frames: [1, 6] })), 'need 1'],
    [
      'a p2m frame that is a table',
      change('X86_PV_P2M_FRAMES', (record) => ({ ...record, frames: [5] })),
      'p2m frame pfn 5 came as L1TAB',
    ],
    [
      'a guest of another size',
      change('X86_PV_P2M_FRAMES', (record) => ({ ...record, endPfn: 9 })),
      '1 of 10 pages did not come: pfn 9',
    ],
    [
      'a pfn beyond the guest',
      change('PAGE_DATA', (r) => ({ ...r, entries: [...r.entries, { pfn: 9, type: 15, page: null }] })),
      'pfn 9 is beyond the guest',
    ],
    [
      'a pfn twice in a record',
      change('PAGE_DATA', (r) => ({ ...r, entries: [...r.entries, r.entries[0]] })),
      'pfn 0 comes twice in one record',
    ],
    [
      'pages that do not come',
      change('PAGE_DATA', (r) => ({ ...r, entries: r.entries.slice(1) })),
      'pages did not come: pfn 0',
    ],
    [
      'a table that names a page beyond',
      page(5, (view) => view.setBigUint64(0, (99n << 12n) | 1n, true)),
      'pfn 99 is beyond the guest',
    ],
    ['a superpage', page(4, (view) => view.setBigUint64(8, (5n << 12n) | 0x81n, true)), 'a superpage'],
    ["something in Xen's slots", page(2, (view) => view.setBigUint64(8 * 256, 1n, true)), "the slot is Xen's"],
    [
      'an L3 that names an L1',
      page(3, (view) => view.setBigUint64(8, (5n << 12n) | 1n, true)),
      'names pfn 5 as an L1 table, and another as an L2 table',
    ],
    [
      'an L1 table that came as a plain page',
      change('PAGE_DATA', (r) => ({ ...r, entries: r.entries.map((e) => (e.pfn === 5 ? { ...e, type: 0 } : e)) })),
      'pfn 5 comes as NOTAB',
    ],
  ])('%s', (_, how, reason) => {
    expect(reasons(how).join('\n')).toContain(reason);
  });

  it.each<[string, Change, string]>([
    ['TSC mode 4', change('X86_TSC_INFO', (record) => ({ ...record, mode: 4 })), 'TSC mode 4'],
    ['a TSC that stands still', change('X86_TSC_INFO', (record) => ({ ...record, khz: 0 })), '0 kHz'],
    ['a wall clock half written', change('SHARED_INFO', bytesAt('page', 0xc00, 3)), 'the wall clock is half written'],
    ['a second of more than 10^9 ns', change('SHARED_INFO', bytesAt('page', 0xc0b, 0xff)), 'more than a second'],
    ['a time record half written', change('SHARED_INFO', bytesAt('page', 0x60, 1)), 'the time record of vCPU 1'],
    ['another max_pfn', change('SHARED_INFO', bytesAt('page', 0xc10, 7)), 'arch.max_pfn is 7'],
    ['bytes behind shared_info', change('SHARED_INFO', bytesAt('page', 4095, 7)), 'byte 4095 is not zero'],
    ['cr3 that is no L4', change('X86_PV_VCPU_BASIC', bytesAt('context', 5009, 0x30)), 'it has to be an L4 table'],
    ['start_info elsewhere', change('X86_PV_VCPU_BASIC', bytesAt('context', 616, 6)), 'does not begin with "xen-"'],
    ['a GDT too large', change('X86_PV_VCPU_BASIC', bytesAt('context', 4961, 0x20)), 'a GDT of 8192 entries'],
    [
      'the extended context of another vCPU',
      change('X86_PV_VCPU_EXTENDED', bytesAt('context', 0, 1)),
      'the context is of vCPU 1',
    ],
    [
      'an extended context of another size',
      change('X86_PV_VCPU_EXTENDED', bytesAt('context', 4, 8)),
      'is said to have 8 bytes',
    ],
    [
      'an XSAVE area of nothing',
      change('X86_PV_VCPU_XSAVE', (r) => ({ ...r, context: new Uint8Array(592) })),
      'the area has 576 bytes',
    ],
    ['an MSR with flags', change('X86_PV_VCPU_MSRS', bytesAt('context', 4, 1)), 'the flags of MSR 0x48'],
    [
      'policies out of order',
      change('X86_CPUID_POLICY', (r) => ({ ...r, leaves: r.leaves.toReversed() })),
      'comes after a larger one',
    ],
  ])('%s', (_, how, reason) => {
    expect(reasons(how).join('\n')).toContain(reason);
  });
});
