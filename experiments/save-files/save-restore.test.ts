/** A guest of ours into a file, out of it, and into a file again. */

import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import { bytesInput } from '@skewbed/proto/libxc/byte-cursor.ts';
import { readSaveFile } from '@skewbed/proto/libxc/save-file-reader.ts';
import { saveFileBytes } from '@skewbed/proto/libxc/save-file-writer.ts';
import { NS_PER_S } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { loadScenario } from '../case-library.ts';
import { KERNEL_NAMES } from '../scenarios/scenario.ts';
import { DEFAULT_LIMIT_NS, planTrial, varied } from '../trial.ts';
import { diffSaves, type Side } from './diff.ts';
import { inspectSave } from './inspect.ts';
import { type RestoreOptions, restoreGuest } from './restore.ts';
import { saveGuest } from './save.ts';
import { smallSaveBytes } from './small-save.ts';
import { verifySave } from './verify.ts';

const savedOf = (kernel: KernelName, scenario = 't3') => {
  const saved = saveGuest(
    planTrial(varied(loadScenario(scenario), { kernel }), { testbed: 'sim', seed: 1, limitNs: DEFAULT_LIMIT_NS }),
  );
  return { ...saved, bytes: Buffer.concat([...saveFileBytes(saved.items)]) };
};
const OPTIONS: RestoreOptions = {
  policy: 'fields-2007',
  wallByNs: 0n,
  uptimeNs: null,
  hostPatches: [],
  runForNs: 3n * NS_PER_S,
};
const restored = (bytes: Uint8Array, options: Partial<RestoreOptions> = {}) =>
  restoreGuest(bytesInput(bytes), inspectSave(bytesInput(bytes)), { ...OPTIONS, ...options });
const side = (bytes: Uint8Array): Side => ({
  input: bytesInput(bytes),
  readAt: (offset, length) => bytes.subarray(offset, offset + length),
});

describe.each(KERNEL_NAMES)('a saved guest with kernel %s', (kernel) => {
  const saved = savedOf(kernel);

  it('is a sound file, and the same every time', () => {
    expect(verifySave(bytesInput(saved.bytes))).toMatchObject({ sound: true, notes: [] });
    expect(savedOf(kernel).bytes.equals(saved.bytes)).toBe(true);
  });

  it('says which guest it is', () => {
    expect(inspectSave(bytesInput(saved.bytes))).toMatchObject({
      problem: null,
      bytes: saved.bytes.length,
      skewbed: { name: 'guest', kernel, pages: 4096 },
      tsc: { nsec: '1000000000000000' },
      domain: { type: 'x86 PV', xenMajor: 4, xenMinor: 17 },
      startInfo: { pfn: 0 },
    });
  });

  it('is restored with its memory, and its clocks go on', () => {
    const { digest, probes, audits, kernel: runs } = restored(saved.bytes).run();
    expect(runs).toBe(kernel);
    expect(digest).toEqual(saved.digest);
    expect(audits.map(({ ok }) => ok)).toEqual([true, true, true]);
    const [first, ...later] = probes;
    later.forEach(({ reading }, index) => {
      const passed = Number(reading.dateNs - first!.reading.dateNs) / 1e9;
      expect(passed).toBeCloseTo(index + 1, 1);
    });
    expect(later).toHaveLength(3);
  });

  it('is saved again as the same records: nothing differs but what belongs to the host', () => {
    const again = Buffer.concat([...saveFileBytes(restored(saved.bytes).saveAgain())]);
    expect(verifySave(bytesInput(again)).sound).toBe(true);
    const types = (bytes: Uint8Array) =>
      [...readSaveFile(bytesInput(bytes))].map((item) => (item.kind === 'record' ? item.record.type : item.kind));
    expect(types(again)).toEqual(types(saved.bytes));
    const { sameGuest, counts, differences } = diffSaves(side(saved.bytes), side(again));
    expect({ sameGuest, guest: counts.guest, frame: counts.frame }).toEqual({ sameGuest: true, guest: 0, frame: 0 });
    // Other frames: if they were the same, this test would see nothing.
    expect(differences.map(({ where }) => where)).toContainEqual(expect.stringContaining('(p2m)'));
  });
});

describe('restore', () => {
  const saved = savedOf('pvops-2.6.35');

  it('on a host that booted later shows the hang', () => {
    const { probes } = restored(saved.bytes, { uptimeNs: 3600n * NS_PER_S }).run();
    expect(new Set(probes.map(({ reading }) => reading.monotonicNs)).size).toBe(1);
    expect(probes[0]!.held.map(({ mechanism }) => mechanism)).toContain('M2');
  });

  it('refuses a guest that is not ours, and a damaged file', () => {
    expect(() => restored(smallSaveBytes())).toThrow(expect.objectContaining({ code: 'refused' }));
    expect(() => restored(saved.bytes.subarray(0, 5000))).toThrow(expect.objectContaining({ code: 'bad-save-file' }));
  });
});

describe('diff', () => {
  const saved = savedOf('xenlinux-2.6.18');

  it('finds nothing between a file and itself', () => {
    expect(diffSaves(side(saved.bytes), side(saved.bytes))).toMatchObject({
      identical: true,
      sameGuest: true,
      differences: [],
    });
  });

  it('finds one changed byte of a page, with its pfn and its place', () => {
    const changed = Buffer.from(saved.bytes);
    const data = inspectSave(bytesInput(saved.bytes)).records.find(({ type }) => type === 'PAGE_DATA')!;
    changed[data.offset + 8 + 8 + 8 * 1024 + 4096 * 700 + 5]! ^= 0x40;
    expect(diffSaves(side(saved.bytes), side(changed))).toMatchObject({
      sameGuest: false,
      counts: { guest: 1, host: 0, frame: 0 },
      differences: [{ whose: 'guest', where: 'page 700, 1 bytes from 5 to 5' }],
    });
  });

  it('finds a changed register', () => {
    const changed = Buffer.from(saved.bytes);
    const basic = inspectSave(bytesInput(saved.bytes)).records.find(({ type }) => type === 'X86_PV_VCPU_BASIC')!;
    changed[basic.offset + 16 + 520]! = 0x77;
    const { differences } = diffSaves(side(saved.bytes), side(changed));
    expect(differences).toContainEqual({
      whose: 'guest',
      where: 'vcpus.0.registers.registers.r15',
      left: '0x0',
      right: '0x77',
    });
  });

  it('tells clocks that differ as the host’s', () => {
    const { sameGuest, differences } = diffSaves(side(savedOf('xenlinux-2.6.18', 't2').bytes), side(saved.bytes));
    expect(sameGuest).toBe(false);
    expect(differences).toContainEqual(
      expect.objectContaining({ whose: 'host', where: expect.stringMatching(/^sharedInfo\.wallclock/) }),
    );
  });
});

describe('a guest with four vCPUs whose system time goes on', () => {
  const scenario = varied(loadScenario('t3'), { kernel: 'pvops-2.6.35', patches: ['uptime-continuity'] });
  const plan = planTrial(
    { ...scenario, guest: { ...scenario.guest, vcpus: 4 } },
    { testbed: 'sim', seed: 1, limitNs: DEFAULT_LIMIT_NS },
  );
  const bytes = new Uint8Array(Buffer.concat([...saveFileBytes(saveGuest(plan).items)]));

  it('is saved with a record of ours, and every vCPU', () => {
    const seen = inspectSave(bytesInput(bytes));
    expect(verifySave(bytesInput(bytes)).sound).toBe(true);
    expect(seen.vcpus.map(({ vcpu }) => vcpu)).toEqual([0, 1, 2, 3]);
    expect(seen.records).toContainEqual(
      expect.objectContaining({ type: 'SKEWBED_SYSTEM_TIME', suspendedSystemTimeNs: '1000000000000000' }),
    );
  });

  it('hangs on a host that booted later, unless that host knows the record', () => {
    const later = { uptimeNs: 3600n * NS_PER_S };
    const stands = (hostPatches: readonly string[]) => {
      const { probes } = restored(bytes, { ...later, hostPatches }).run();
      return probes[0]!.held.some(({ holdsNs, clockNs }) => holdsNs - clockNs > NS_PER_S);
    };
    expect(stands(['uptime-continuity'])).toBe(false);
    expect(stands([])).toBe(true);
  });
});
