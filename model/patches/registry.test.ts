/** Each patch replaces the table entries that it is about and no others, where it applies and nowhere else. */
import { describe, expect, it } from 'vitest';
import { BENCH_WALL, benchHost } from '../bench-host.ts';
import { KERNEL_NAMES, KERNELS } from '../guest/kernels/index.ts';
import { RESTORE_OPS, SAVE_OPS } from '../migration/toolstack-ops.ts';
import { domctlTable, HYPERVISOR_TIME_OPS } from '../xen/hypervisor-ops.ts';
import { appliesTo, guestKernel, wrap } from './compile.ts';
import type { Patch } from './patch.ts';
import { addPatch, PATCHES, patchNamed } from './registry.ts';

const coded = (code: string) => expect.objectContaining({ code });

/** Entries of a table that a patch replaces. */
function replaced<T extends object>(base: T, effect: ((base: T) => Partial<T>) | undefined): string[] {
  const patched = wrap(base, [effect]);
  return Object.keys(patched).filter((key) => patched[key as keyof T] !== base[key as keyof T]);
}

function touchedBy(patch: Patch): string[] {
  const kernel = KERNELS[patch.kernels?.[0] ?? 'xenlinux-2.6.18'];
  const domctls = domctlTable({ machineAddressSize: false });
  const before = new Set(domctls.keys());
  patch.domctl?.(domctls, 'a');
  return [
    ...replaced(kernel.ops, patch.guestTime),
    ...replaced(HYPERVISOR_TIME_OPS, patch.hypervisorTime),
    ...replaced(SAVE_OPS, patch.save),
    ...replaced(RESTORE_OPS['fields-2007'], patch.restore),
    ...[...domctls.keys()].filter((number) => !before.has(number)).map((number) => `domctl ${number}`),
  ].sort();
}

const TOUCHES: Readonly<Record<string, readonly string[]>> = {
  'song-2008': ['begin', 'copySharedInfo', 'domctl 51', 'updateDomainWallclockTime'],
  'refuse-wall-behind': ['permit'],
  'uptime-continuity': ['extraRecord', 'extraRecords', 'finish', 'systemTimeOffset'],
  'independent-wallclock': ['updateWallclock'],
  'reset-monotonic-tv': ['updateWallclock'],
  'arm-unguarded': ['ktimeGet'],
  'sysdev-resume': ['resume'],
  'reset-last-value': ['resume'],
  'rebase-cycle-last': ['resume'],
  'runstate-reregister': ['resume'],
  'sched-clock-offset': ['boot', 'held', 'resume', 'schedClock', 'suspend'],
  'sched-clock-system-time': ['held', 'schedClock'],
  'monotonic-guard': ['clocksourceRead', 'held'],
  'clock-was-set-real': ['clockWasSet'],
  'without-p-reset': ['resume'],
};

describe('every patch', () => {
  it('is in the table below, and the table has no other', () => {
    expect(PATCHES.map((patch) => patch.name)).toEqual(Object.keys(TOUCHES));
  });

  it.each(PATCHES.map((patch) => [patch.name, patch] as const))('%s replaces what it is about', (name, patch) => {
    expect(touchedBy(patch)).toEqual(TOUCHES[name]);
  });

  it.each(PATCHES.map((patch) => [patch.name, patch] as const))(
    '%s says where it comes from, what it claims and what was said against it',
    (_, patch) => {
      for (const text of [patch.source, patch.claims, patch.objections]) expect(text.length).toBeGreaterThan(3);
    },
  );

  it.each(PATCHES.filter((patch) => patch.side === 'guest'))('$name applies to its kernels alone', (patch) => {
    expect(patch.kernels?.length).toBeGreaterThan(0);
    for (const name of KERNEL_NAMES) {
      const compile = () => guestKernel(KERNELS[name], [patch.name]);
      expect(appliesTo(patch, name)).toBe(patch.kernels?.includes(name));
      if (appliesTo(patch, name)) expect(compile).not.toThrow();
      else expect(compile).toThrow(coded('bad-argument'));
    }
  });

  it.each(PATCHES.filter((patch) => patch.side !== 'guest'))(
    '$name is for hosts, of all kernels, and no guest takes it',
    (patch) => {
      for (const name of KERNEL_NAMES) expect(appliesTo(patch, name)).toBe(true);
      expect(() => benchHost({ patches: [patch.name] })).not.toThrow();
      expect(() => guestKernel(KERNELS['pvops-6.12'], [patch.name])).toThrow(`is a patch of the ${patch.side}`);
    },
  );
});

describe('names', () => {
  it('that nobody knows are not-found, with those that there are', () => {
    expect(() => benchHost({ patches: ['song-2009'] })).toThrow(coded('not-found'));
    expect(() => guestKernel(KERNELS['suse-2.6.25'], ['no-such-patch'])).toThrow(
      "there is no patch 'no-such-patch'; there are song-2008",
    );
    expect(patchNamed('song-2009')).toBeUndefined();
  });

  it("of guest patches are no host's", () => {
    expect(() => benchHost({ patches: ['arm-unguarded'] })).toThrow("'arm-unguarded' patches a guest kernel");
  });
});

describe('two patches of one guest', () => {
  it('wrap one another in the order of their names in the list, and leave the kernel of others alone', () => {
    const kernel = KERNELS['suse-2.6.25'];
    const { resume } = kernel.ops;
    const both = guestKernel(kernel, ['reset-last-value', 'rebase-cycle-last']);
    expect(both.ops.resume).not.toBe(resume);
    expect(KERNELS['suse-2.6.25'].ops.resume).toBe(resume);
    expect(guestKernel(kernel, []).ops).toEqual(kernel.ops);
  });
});

describe("a patch of somebody's own", () => {
  it('joins the others under a new name, and takes effect', () => {
    const mine: Patch = {
      name: 'two-seconds-ahead',
      side: 'hypervisor',
      source: 'this test',
      claims: 'Each domain believes to be 2 s ahead.',
      objections: 'None.',
      hypervisorTime: (base) => ({
        updateDomainWallclockTime(host, domain) {
          domain.timeOffsetSeconds = 2n;
          base.updateDomainWallclockTime(host, domain);
        },
      }),
    };
    addPatch(mine);
    expect(patchNamed(mine.name)).toBe(mine);
    expect(benchHost({ patches: [mine.name], utcAtZeroNs: BENCH_WALL }).patches.list).toEqual([mine]);
    expect(() => addPatch(mine)).toThrow(coded('bad-argument'));
  });
});
