/** The bytes of a save file by hand: headers and records as they stand in Xen's specification, and what is refused. */
import { describe, expect, it } from 'vitest';
import { PAGE_TYPE } from '../records.ts';
import { bytesInput } from './byte-cursor.ts';
import { SaveFileFault } from './save-file-fault.ts';
import { readSaveFile } from './save-file-reader.ts';
import { itemBytes, saveFileBytes } from './save-file-writer.ts';
import type { PlacedItem, SaveItem } from './save-item.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
const read = (hex: string): PlacedItem[] => [...readSaveFile(bytesInput(bytesOf(hex)))];
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const IMAGE = 'ffffffffffffffff 58454e46 00000003 0000 0000 00000000';
const DOMAIN = '01000000 0c00 0000 04000000 11000000';
const PV_INFO = '02000000 08000000 08 04 000000000000';
const END = '00000000 00000000';

/** The fault of a file, as offset, record and reason. */
function faultOf(hex: string): { offset: number; record: string; reason: string } {
  try {
    read(hex);
  } catch (error) {
    if (!(error instanceof SaveFileFault)) throw error;
    return { offset: error.offset, record: error.record, reason: error.reason };
  }
  throw new Error('the file was read to its end');
}

describe('an image of libxc', () => {
  it('is read from its literal bytes', () => {
    expect(read(`${IMAGE} ${DOMAIN} ${PV_INFO} ${END}`)).toEqual([
      { kind: 'image-header', version: 3, offset: 0, length: 24 },
      { kind: 'domain-header', domainType: 'x86 PV', xenMajor: 4, xenMinor: 17, offset: 24, length: 16 },
      { kind: 'record', record: { type: 'X86_PV_INFO', guestWidth: 8, ptLevels: 4 }, offset: 40, length: 8 },
      { kind: 'record', record: { type: 'END' }, offset: 56, length: 0 },
    ]);
  });

  it('has pages with their types, zero pages as null, and none for a type without data', () => {
    const page = 'a5'.repeat(4096);
    const words = '0100000000000000 02000000000000c0 03000000000000f0';
    const body = `03000000 00000000 ${words} ${page} ${'00'.repeat(4096)}`;
    const length = Buffer.alloc(4);
    length.writeUInt32LE(8 + 24 + 8192);
    const [, , record] = read(`${IMAGE} ${DOMAIN} 01000000 ${length.toString('hex')} ${body} ${END}`);
    expect(record).toMatchObject({
      record: {
        entries: [
          { pfn: 1, type: PAGE_TYPE.NOTAB, page: bytesOf(page) },
          { pfn: 2, type: PAGE_TYPE.L4PINNED, page: null },
          { pfn: 3, type: PAGE_TYPE.XTAB, page: null },
        ],
      },
    });
  });

  it('gives bytes whose slice is a copy, also from a Buffer', () => {
    const file = Buffer.from(`${IMAGE} ${DOMAIN} 78563480 03000000 0102030000000000 ${END}`.replace(/\s/g, ''), 'hex');
    const item = [...readSaveFile(bytesInput(file))][2];
    if (item?.kind !== 'record' || item.record.type !== 'OPTIONAL') throw new Error('another record');
    item.record.body.slice()[0] = 0xff;
    expect(file[48]).toBe(1);
  });

  it('keeps an optional record that it does not know', () => {
    const [, , record] = read(`${IMAGE} ${DOMAIN} 78563480 03000000 0102030000000000 ${END}`);
    expect(record).toMatchObject({ record: { type: 'OPTIONAL', number: 0x80345678, body: bytesOf('010203') } });
  });
});

describe("libxl's framing", () => {
  const LIBXL = '4c6962786c466d74 00000002 00000000';

  it('has the image between its records, and strings of emulators in pairs', () => {
    const xenstore = '02000000 0c000000 02000000 00000000 6b00 7600 00000000';
    const items = read(`${LIBXL} 01000000 00000000 ${IMAGE} ${DOMAIN} ${END} ${xenstore} ${END}`);
    expect(items.map((item) => (item.kind === 'libxl-record' ? item.record : item.kind))).toEqual([
      'libxl-header',
      { type: 'LIBXC_CONTEXT' },
      'image-header',
      'domain-header',
      'record',
      { type: 'EMULATOR_XENSTORE_DATA', emulator: 2, index: 0, strings: bytesOf('6b007600') },
      { type: 'END' },
    ]);
  });

  it('refuses strings that are no pairs, or have no NUL', () => {
    const head = `${LIBXL} 02000000 0b000000 02000000 00000000`;
    expect(faultOf(`${head} 6b0076 0000000000 ${END}`).reason).toContain('no NUL');
    expect(faultOf(`${head} 6b6b00 0000000000 ${END}`).reason).toContain('1 strings');
  });
});

describe('writing', () => {
  it.each<[SaveItem, string]>([
    [{ kind: 'image-header', version: 2 }, 'ffffffffffffffff58454e46000000020000000000000000'],
    [{ kind: 'domain-header', domainType: 'x86 HVM', xenMajor: 4, xenMinor: 14 }, '020000000c000000040000000e000000'],
    [{ kind: 'libxl-header', options: 0 }, '4c6962786c466d740000000200000000'],
    [
      { kind: 'record', record: { type: 'X86_TSC_INFO', mode: 1, khz: 2, nsec: 3n, incarnation: 4 } },
      '0800000018000000010000000200000003000000000000000400000000000000',
    ],
    [
      { kind: 'record', record: { type: 'X86_PV_P2M_FRAMES', startPfn: 0, endPfn: 511, frames: [13] } },
      '030000001000000000000000ff0100000d00000000000000',
    ],
    [
      { kind: 'record', record: { type: 'SKEWBED_SYSTEM_TIME', suspendedSystemTimeNs: -1n } },
      '014b538008000000ffffffffffffffff',
    ],
  ])('%o gives its literal bytes', (item, hex) => {
    expect(hexOf(itemBytes(item))).toBe(hex);
  });

  it.each<SaveItem>([
    { kind: 'record', record: { type: 'X86_PV_INFO', guestWidth: 4, ptLevels: 3 } },
    { kind: 'record', record: { type: 'HVM_CONTEXT', context: bytesOf('0102030405') } },
    { kind: 'record', record: { type: 'HVM_PARAMS', params: [{ index: 1n, value: 2n ** 64n - 1n }] } },
    { kind: 'record', record: { type: 'TOOLSTACK', body: bytesOf('01') } },
    { kind: 'record', record: { type: 'CHECKPOINT_DIRTY_PFN_LIST', pfns: [1n, 2n] } },
    {
      kind: 'record',
      record: { type: 'X86_PV_VCPU_MSRS', vcpuId: 3, context: bytesOf('48000000000000000100000000000000') },
    },
    { kind: 'record', record: { type: 'X86_CPUID_POLICY', leaves: new Uint8Array(48).fill(7) } },
  ])('is undone by reading: $record.type', (item) => {
    const head: SaveItem[] = [
      { kind: 'image-header', version: 3 },
      { kind: 'domain-header', domainType: 'x86 PV', xenMajor: 4, xenMinor: 17 },
    ];
    const bytes = new Uint8Array(
      Buffer.concat([...saveFileBytes([...head, item, { kind: 'record', record: { type: 'END' } }])]),
    );
    expect([...readSaveFile(bytesInput(bytes))][2]).toMatchObject(item);
  });
});

describe('a fault says offset, record and reason', () => {
  it.each([
    ['an empty file', '', 0, 'start of the file', 'begins with nothing'],
    ['a file of xz', 'fd377a585a00 0000', 0, 'start of the file', 'packed by xz'],
    ['a wrong id', IMAGE.replace('58454e46', '58454e47'), 8, 'image header', 'not "XENF"'],
    ['version 4', IMAGE.replace('00000003', '00000004'), 12, 'image header', 'version 4'],
    ['a big-endian image', IMAGE.replace(' 0000 0000', ' 0001 0000'), 16, 'image header', 'big-endian'],
    ['a reserved byte', IMAGE.replace(/00000000$/, '00000001'), 23, 'image header', 'has to be zero'],
    ['Xen 2', `${IMAGE} ${DOMAIN.replace('04000000', '02000000')}`, 32, 'domain header', '3 to 31'],
    ['Xen 4.256', `${IMAGE} ${DOMAIN.replace('11000000', '00010000')}`, 36, 'domain header', 'below 256'],
    ['pages of 8 KiB', `${IMAGE} ${DOMAIN.replace('0c00', '0d00')}`, 28, 'domain header', '2^13'],
    ['an unknown record', `${IMAGE} ${DOMAIN} 13000000 00000000`, 40, 'record header', '0x13 is not known'],
    ['a known record as optional', `${IMAGE} ${DOMAIN} 02000080 00000000`, 40, 'record header', 'X86_PV_INFO'],
    [
      'a length that cannot be',
      `${IMAGE} ${DOMAIN} 02000000 09000000`,
      44,
      'X86_PV_INFO',
      'its length is 9 bytes; it has 8',
    ],
    ['4 GiB of pages', `${IMAGE} ${DOMAIN} 01000000 ffffffff`, 44, 'PAGE_DATA', '16 to 4202504'],
    [
      'a 12-byte guest',
      `${IMAGE} ${DOMAIN} 02000000 08000000 0c04000000000000`,
      48,
      'X86_PV_INFO',
      'a guest of 12 bytes',
    ],
    ['padding', `${IMAGE} ${DOMAIN} 78563480 01000000 0100000000000001`, 55, 'record 0x80345678', 'a byte of padding'],
    [
      'a reserved page type',
      `${IMAGE} ${DOMAIN} 01000000 10000000 0100000000000000 0000000000000050`,
      56,
      'PAGE_DATA',
      'page type 5',
    ],
    [
      'reserved bits of a word',
      `${IMAGE} ${DOMAIN} 01000000 10000000 0100000000000000 00000000000010f0`,
      56,
      'PAGE_DATA',
      'bits 59-52',
    ],
    [
      'more pages than bytes',
      `${IMAGE} ${DOMAIN} 01000000 10000000 0200000000000000 00000000000000f0`,
      48,
      'PAGE_DATA',
      '2 pages need 24',
    ],
    [
      'no pages',
      `${IMAGE} ${DOMAIN} 01000000 10000000 0000000000000000 00000000000000f0`,
      48,
      'PAGE_DATA',
      'said to have 0',
    ],
    ['the file cut off', `${IMAGE} ${DOMAIN} 02000000 08000000 08040000`, 52, 'X86_PV_INFO', '4 bytes short'],
    ['a byte behind the end', `${IMAGE} ${DOMAIN} ${END} 00`, 48, 'END', 'behind its end'],
  ])('%s', (_, hex, offset, record, reason) => {
    expect(faultOf(hex)).toEqual({ offset, record, reason: expect.stringContaining(reason) });
  });

  it('reads no byte of a record whose length cannot be', () => {
    const asked: number[] = [];
    const input = bytesInput(bytesOf(`${IMAGE} ${DOMAIN} 06000000 ffffff7f`));
    const spied = {
      read(length: number) {
        asked.push(length);
        return input.read(length);
      },
    };
    expect(() => [...readSaveFile(spied)]).toThrow(SaveFileFault);
    expect(Math.max(...asked)).toBeLessThanOrEqual(24);
  });
});
