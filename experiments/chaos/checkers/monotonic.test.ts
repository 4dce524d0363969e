import { describe, expect, it } from 'vitest';
import { monotonic } from './monotonic.ts';
import { findings, look, withKernel } from './short-history.ts';

/** CLOCK_MONOTONIC at four looks, the last one back by this much. */
const back = (by: number) => [1, 2, 3].map((at) => look('a', at)).concat(look('b', 4, { monotonic: 3 - by }));

describe('monotonic', () => {
  it('a clock that goes on is sound, and so is one that stands', () => {
    expect(
      findings(
        monotonic,
        [1, 2, 3].map((at) => look('a', at)),
      ),
    ).toEqual([]);
    expect(findings(monotonic, back(0))).toEqual([]);
  });

  it.each([
    ['pvops-6.12', 0],
    ['pvops-2.6.35', 0],
    ['pvops-2.6.27', 0],
    ['suse-2.6.31', 0],
    ['suse-2.6.25', 0.02],
    ['xenlinux-2.6.18-2007', 0.02],
  ] as const)('in %s it may go back by %d s, and by no nanosecond more', (kernel, allowed) => {
    const schedule = withKernel(kernel);
    expect(findings(monotonic, back(allowed), { schedule })).toEqual([]);
    const more = Math.round(allowed * 1e9) + 1;
    expect(findings(monotonic, back(more / 1e9), { schedule })).toEqual([
      `red (${kernel}) reads CLOCK_MONOTONIC ${more} ns before what it read last`,
    ]);
  });

  it('K1 may: a settime that ends its freeze takes the clock back', () => {
    expect(findings(monotonic, back(2), { schedule: withKernel('xenlinux-2.6.18') })).toEqual([]);
  });

  it('a patched guest is for the matrix, and a suspended one reads nothing', () => {
    expect(findings(monotonic, back(2), { schedule: withKernel('pvops-6.12', ['mine']) })).toEqual([]);
    expect(findings(monotonic, [look('a', 3), look('a', 4, { monotonic: 1, vcpu: 'offline' })])).toEqual([]);
  });
});
