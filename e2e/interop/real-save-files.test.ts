/**
 * Saves of a real Xen 4.17 and 4.14 (a PV kernel of 22 KB in a domain of 4 MB), read completely: they agree with the
 * listings that lie beside them, which other programs made, and are written back byte for byte.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fieldsOf, holdByte } from '@skewbed/experiments/save-files/damage.ts';
import { FREE_FIELDS } from '@skewbed/experiments/save-files/header-fields.ts';
import { inspectSave } from '@skewbed/experiments/save-files/inspect.ts';
import { verifySave } from '@skewbed/experiments/save-files/verify.ts';
import { bytesInput } from '@skewbed/proto/libxc/byte-cursor.ts';
import { readSaveFile } from '@skewbed/proto/libxc/save-file-reader.ts';
import { saveFileBytes } from '@skewbed/proto/libxc/save-file-writer.ts';
import { describe, expect, it } from 'vitest';

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'fixtures', name));
const SAVES = [
  { name: 'mp4M.xen417', sha256: 'f70726efae26bd9f724028a04c7132740959a93c90f9f22f7acc65dfedcaf424', xenMinor: 17 },
  { name: 'mp414', sha256: 'e7ce6d6c9cbba7037f084a935d5578b1ee2f1cec716efa4372a63433ae7924b4', xenMinor: 14 },
].map((save) => ({ ...save, bytes: gunzipSync(fixture(`${save.name}.save.gz`)) }));

describe.each(SAVES)('the save $name', ({ bytes, sha256, xenMinor }) => {
  it('is the file that Xen wrote', () => {
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
  });

  it('is sound', () => {
    expect(verifySave(bytesInput(bytes))).toEqual({ sound: true, items: 18, problems: [], moreProblems: 0, notes: [] });
  });

  it('is written back byte for byte', () => {
    expect(Buffer.concat([...saveFileBytes(readSaveFile(bytesInput(bytes)))]).equals(bytes)).toBe(true);
  });

  it('says who saved what', () => {
    expect(inspectSave(bytesInput(bytes))).toMatchObject({
      bytes: bytes.length,
      domain: { type: 'x86 PV', xenMajor: 4, xenMinor },
      guest: { widthBytes: 8, ptLevels: 4 },
      skewbed: null,
      xl: { config: { c_info: { name: 'mp' }, b_info: { max_vcpus: 1, max_memkb: 4096 } } },
      problem: null,
    });
  });

  it('is refused with any header byte changed, but in free fields', () => {
    // Pages are 4 MB, so that one value a byte has to do here; the small file of the experiments has all of them.
    const copy = new Uint8Array(bytes);
    const headers = fieldsOf(copy).filter(({ name }) => name !== 'PAGE_DATA, word' && !(name in FREE_FIELDS));
    for (const field of headers) {
      for (let at = field.offset; at < field.offset + field.length; at++) holdByte(copy, at, copy[at]! ^ 0x04, field);
    }
    expect(headers.length).toBeGreaterThan(50);
  });
});

describe('the listings beside the save of 4.17', () => {
  const [{ bytes }] = SAVES as [(typeof SAVES)[number]];
  const seen = inspectSave(bytesInput(bytes));

  it('agree record by record with what Xen’s own script prints', () => {
    const said = fixture('mp4M.xen417.verify-stream-v2.txt')
      .toString()
      .matchAll(/^(Libxc|Libxl) Record: (.+), length (\d+)$/gm);
    const theirs = [...said].map(([, layer, name, length]) => `${layer?.toLowerCase()} ${NAMES[name!]} ${length}`);
    const ours = seen.records.filter(({ type }) => !type.includes('header') && type !== 'PAGE_DATA');
    expect(ours.map(({ layer, type, length }) => `${layer} ${type} ${length}`)).toEqual(theirs);
  });

  it('agree with the decoded fields', () => {
    const decoded = fixture('mp4M.xen417.decode.txt').toString();
    for (const { offset, type, length } of seen.records.filter(({ layer }) => layer === 'libxc')) {
      if (type.includes('header') || type === 'PAGE_DATA') continue;
      expect(decoded).toContain(`@${offset} ${type} len=${length} `);
    }
    const { tsc, sharedInfo, pages, vcpus, p2m } = seen;
    const { wallclock, vcpuInfo } = sharedInfo!;
    const { time } = vcpuInfo[0]!;
    expect(decoded).toContain(`mode=${tsc!.mode} khz=${tsc!.khz} nsec=${tsc!.nsec} incarnation=${tsc!.incarnation}`);
    expect(decoded).toContain(
      `wc_version=${wallclock.version} wc_sec=${wallclock.sec} wc_nsec=${wallclock.nsec} wc_sec_hi=${wallclock.secHi} | ` +
        `vcpu_info[0].time version=${time.version} tsc_timestamp=${time.tscTimestamp} system_time=${time.systemTime} ` +
        `mul=0x${time.tscToSystemMul.toString(16)} shift=${time.tscShift} flags=0 | max_pfn=${sharedInfo!.arch.maxPfn} ` +
        `frame_list_list=${sharedInfo!.arch.pfnToMfnFrameListList} nmi_reason=0`,
    );
    expect(decoded).toContain(`PAGE_DATA total: ${pages.total} pages with data (${pages.zero} all-zero)`);
    expect(pages.types).toEqual({ NOTAB: 1019, L1TAB: 2, L2TAB: 1, L3TAB: 1, L4PINNED: 1 });
    expect(decoded).toContain(`start_pfn=${p2m!.startPfn} end_pfn=${p2m!.endPfn} pfns=['0xd', '0xe']`);
    expect(p2m).toMatchObject({ frames: [0xd, 0xe], mapped: 1024 });
    const registers = Object.entries(vcpus[0]!.registers!.registers).filter(
      ([name]) => !['rflags', 'rsp'].includes(name),
    );
    for (const [name, value] of registers) expect(decoded).toContain(` ${name}=${value.slice(2)} `);
    expect(seen.startInfo).toMatchObject({ pfn: 0xf, fields: { nrPages: '0x400', ptBase: '0x12000' } });
  });
});

/** Records as the script calls them. */
const NAMES: Readonly<Record<string, string>> = {
  'Libxc context': 'LIBXC_CONTEXT',
  'x86 PV info': 'X86_PV_INFO',
  'x86 CPUID policy': 'X86_CPUID_POLICY',
  'x86 MSR policy': 'X86_MSR_POLICY',
  'Static data end': 'STATIC_DATA_END',
  'x86 PV P2M frames': 'X86_PV_P2M_FRAMES',
  'TSC info': 'X86_TSC_INFO',
  'Shared info': 'SHARED_INFO',
  'x86 PV vcpu basic': 'X86_PV_VCPU_BASIC',
  'x86 PV vcpu extended': 'X86_PV_VCPU_EXTENDED',
  'x86 PV vcpu xsave': 'X86_PV_VCPU_XSAVE',
  End: 'END',
};
