import { describe, expect, test } from 'vitest';
import {
  buildVcpuContext,
  localiseContext,
  normaliseContext,
  readVcpuContext,
  setSuspendAnswer,
  VCPU_CONTEXT,
  VCPU_CONTEXT_BYTES,
} from './vcpu-context.ts';

const context = {
  flags: 0x25,
  rax: 0n,
  startInfoFrame: 0x301n,
  rip: 0xffff_ffff_8010_0000n,
  cr3Frame: 0x302,
  userCr3Frame: 0x303,
  gdtFrames: [0x304, 0x305],
  gdtEntries: 513,
};
/** Frames 0x301 to 0x305 stand behind pfns 1 to 5. */
const pfnOf = (mfn: number): number | null => (mfn > 0x300 && mfn <= 0x305 ? mfn - 0x300 : null);
const mfnOf = (pfn: number): number | null => (pfn >= 1 && pfn <= 5 ? pfn + 0x300 : null);

test('its fields lie where arch-x86/xen.h puts them', () => {
  expect(VCPU_CONTEXT_BYTES).toBe(5168);
  expect(VCPU_CONTEXT).toEqual({
    fpu: 0,
    flags: 512,
    userRegs: 520,
    rax: 600,
    rdx: 616,
    rip: 648,
    rflags: 664,
    rsp: 672,
    trapCtxt: 720,
    ldtBase: 4816,
    ldtEnts: 4824,
    gdtFrames: 4832,
    gdtEnts: 4960,
    kernelSs: 4968,
    kernelSp: 4976,
    ctrlreg: 4984,
    userCr3: 4992,
    cr3: 5008,
    debugreg: 5048,
    eventCallbackEip: 5112,
    failsafe: 5120,
    syscall: 5128,
    vmAssist: 5136,
    fsBase: 5144,
    gsBaseKernel: 5152,
    gsBaseUser: 5160,
  });
});

test('a built context holds its fields at their literal offsets', () => {
  const view = new DataView(buildVcpuContext(context).buffer);
  const words = [512, 600, 616, 648, 4832, 4840, 4848, 4960, 4992, 5008].map((offset) =>
    view.getBigUint64(offset, true),
  );
  expect(words).toEqual([0x25n, 0n, 0x301n, context.rip, 0x304n, 0x305n, 0n, 513n, 0x303001n, 0x302000n]);
  expect(readVcpuContext(buildVcpuContext(context))).toEqual(context);
});

test('the answer of the suspend hypercall is rax', () => {
  const bytes = buildVcpuContext(context);
  setSuspendAnswer(bytes, 1n);
  expect(readVcpuContext(bytes)).toEqual({ ...context, rax: 1n });
});

describe('on its way to another host', () => {
  test('its frames become pfns, and nothing else changes', () => {
    const bytes = buildVcpuContext(context);
    const before = bytes.slice();
    const normal = normaliseContext(bytes, 0, pfnOf);
    expect(bytes).toEqual(before);
    expect(readVcpuContext(normal)).toEqual({
      ...context,
      startInfoFrame: 1n,
      cr3Frame: 2,
      userCr3Frame: 3,
      gdtFrames: [4, 5],
    });
    expect(new DataView(normal.buffer).getBigUint64(4992, true)).toBe(0x3001n);
    expect(localiseContext(normal, 0, mfnOf)).toEqual(bytes);
  });

  test('rdx means start_info on vcpu 0 alone', () => {
    const elsewhere = { ...context, startInfoFrame: 0xdead_beefn };
    expect(readVcpuContext(normaliseContext(buildVcpuContext(elsewhere), 1, pfnOf)).startInfoFrame).toBe(0xdead_beefn);
    expect(() => normaliseContext(buildVcpuContext(elsewhere), 0, pfnOf)).toThrow(
      expect.objectContaining({
        code: 'foreign-frame',
        message: expect.stringContaining('start_info in rdx is frame 0xdeadbeef'),
      }),
    );
  });

  test('a guest without a user tree keeps none', () => {
    const kernelOnly = buildVcpuContext({ ...context, userCr3Frame: null });
    expect(readVcpuContext(normaliseContext(kernelOnly, 0, pfnOf)).userCr3Frame).toBeNull();
  });

  test('a pfn that has no frame is refused', () => {
    const normal = normaliseContext(buildVcpuContext(context), 0, pfnOf);
    expect(() => localiseContext(normal, 0, (pfn) => (pfn === 2 ? null : pfn))).toThrow(
      expect.objectContaining({ code: 'bad-argument', message: expect.stringContaining('cr3 is pfn 2') }),
    );
  });

  test('an impossible GDT and another size are refused', () => {
    const bytes = buildVcpuContext(context);
    new DataView(bytes.buffer).setUint32(4960, 7169, true);
    expect(() => readVcpuContext(bytes)).toThrow(
      expect.objectContaining({ code: 'bad-argument', where: 'offset 4960' }),
    );
    expect(() => readVcpuContext(new Uint8Array(2800))).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});
