/** The loop of facts D.8 with its worked examples, pass by pass, and what the other policies make of the same guests. */
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import { describe, expect, it } from 'vitest';
import { DirtyBitmap } from '../memory/log-dirty.ts';
import { type PrecopyOrder, precopyPolicy } from './policies/index.ts';
import { Precopy, type PrecopyPolicy } from './precopy.ts';

const PAGES = 1000;
const NS_PER_PAGE = 1_000n;

function setOf(count: number): DirtyBitmap {
  const set = new DirtyBitmap(PAGES);
  for (let pfn = 0; pfn < count; pfn++) set.add(pfn);
  return set;
}

/** Drives a loop whose scans find these counts, the last one for ever. */
function run(policy: PrecopyPolicy, finds: readonly number[]) {
  let scan = 0;
  const precopy = new Precopy(PAGES, policy, () => {
    const dirty = setOf(finds[Math.min(scan, finds.length - 1)] ?? 0);
    scan += 1;
    return { dirty, dirtyCount: dirty.count, faultCount: dirty.count };
  });
  const passes: number[] = [];
  const throttles: number[] = [];
  let step = precopy.begin();
  while (step.next === 'pass') {
    const pages = step.dirty.count;
    passes.push(pages);
    step = precopy.passDone({ pages, bytes: pages * PAGE_SIZE, tookNs: BigInt(pages) * NS_PER_PAGE });
    throttles.push(precopy.throttlePercent);
  }
  const left = step.next === 'stop' ? step.left.count : null;
  return { passes, scans: scan, end: step.next, left, stats: precopy.stats, throttles };
}

const xen = () => precopyPolicy({ policy: 'xen' }) as PrecopyPolicy;
const policy = (order: PrecopyOrder) => precopyPolicy(order) as PrecopyPolicy;

describe("Xen's loop", () => {
  it('sends five passes of a guest that is never below 50 pages, and notices the limit without a scan', () => {
    const { passes, scans, end, left, stats } = run(xen(), [50]);
    expect(passes).toEqual([1000, 50, 50, 50, 50]);
    expect({ scans, end, left }).toEqual({ scans: 4, end: 'stop', left: 0 });
    expect(stats).toMatchObject({ iteration: 5, totalWritten: 1200, dirtyCount: -1 });
  });

  it('sends the 30 pages that a scan after pass 2 finds live, although it has decided to stop', () => {
    const { passes, end, left } = run(xen(), [400, 30, 7]);
    expect(passes).toEqual([1000, 400, 30]);
    expect({ end, left }).toEqual({ end: 'stop', left: 0 });
  });

  it('takes 49 pages for few and 50 for many', () => {
    expect(run(xen(), [49, 3]).passes).toEqual([1000, 49]);
    expect(run(xen(), [50, 49, 3]).passes).toEqual([1000, 50, 49]);
  });

  it('stops an idle guest after the first pass, with an empty second', () => {
    const { passes, end, stats } = run(xen(), [0]);
    expect(passes).toEqual([1000]);
    expect(end).toBe('stop');
    expect(stats.totalWritten).toBe(1000);
  });

  it('ends as soon as a policy aborts, before a pass and after one', () => {
    expect(run({ decide: () => 'abort' }, [9])).toMatchObject({ passes: [], end: 'abort' });
    expect(run({ decide: ({ iteration }) => (iteration === 1 ? 'abort' : 'continue') }, [9])).toMatchObject({
      passes: [1000],
      end: 'abort',
    });
  });

  it('breaks a policy off that never ends on a guest that never writes', () => {
    expect(() => run({ decide: () => 'continue' }, [0])).toThrow(expect.objectContaining({ code: 'refused' }));
  });
});

describe("QEMU's policy", () => {
  // 1 us a page: 100 pages are 100 us.
  const order = (autoConverge: 'on' | 'off') => policy({ policy: 'qemu', downtimeLimitNs: 100_000n, autoConverge });

  it('leaves what passes within the limit to the last pass, and does not send it live', () => {
    expect(run(order('off'), [400, 101, 100])).toMatchObject({ passes: [1000, 400, 101], end: 'stop', left: 100 });
  });

  it('takes time from a guest that dirties more than half of each pass: 20 %, then 10 % more', () => {
    const { passes, throttles } = run(order('on'), [900, 800, 700, 600, 500, 400, 300, 200, 100]);
    expect(passes).toEqual([1000, 900, 800, 700, 600, 500, 400, 300, 200]);
    expect(throttles).toEqual([0, 20, 20, 30, 30, 40, 40, 50, 50]);
  });

  it('leaves a guest alone that converges by itself', () => {
    expect(run(order('on'), [500, 250, 125, 60]).throttles).toEqual([0, 0, 0, 0]);
  });
});

describe('fixed rounds', () => {
  it('are as many as were ordered, whatever the guest does', () => {
    expect(run(policy({ policy: 'fixed-rounds', rounds: 3 }), [900]).passes).toEqual([1000, 900, 900]);
    expect(run(policy({ policy: 'fixed-rounds', rounds: 3 }), [0]).passes).toEqual([1000]);
    expect(run(policy({ policy: 'fixed-rounds', rounds: 1 }), [900]).passes).toEqual([1000]);
  });

  it('none of them leaves everything to the last pass', () => {
    expect(run(policy({ policy: 'fixed-rounds', rounds: 0 }), [900])).toMatchObject({ passes: [], left: 1000 });
  });
});
