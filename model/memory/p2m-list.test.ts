import { expect, test } from 'vitest';
import { MachineMemory } from './machine.ts';
import { P2m } from './p2m.ts';
import { auditP2mList, viewOf, writeP2mList } from './p2m-list.ts';

const PAGES = 1_500;
const place = { p2mTop: 10, p2mMid: [11], p2mLeaves: [12, 13, 14] };

/** A domain that keeps its list in pages 10 to 14, and has no frame behind page 700. */
function domain() {
  const memory = new MachineMemory({ frames: 2_000, salt: 5 });
  const p2m = new P2m(PAGES);
  memory.allocate('guest', PAGES).forEach((mfn, pfn) => {
    if (pfn !== 700) p2m.map(pfn, mfn);
  });
  const pageOf = (pfn: number) => memory.pageForWrite(p2m.frameOf(pfn));
  writeP2mList(place, p2m, pageOf);
  const audit = () => auditP2mList(p2m.frameOf(place.p2mTop), p2m, place, (mfn) => memory.page(mfn));
  const wordOf = (pfn: number) => viewOf(pageOf(pfn));
  return { p2m, audit, wordOf };
}

test('the list holds machine frames on all three levels, and all ones where there is none', () => {
  const { p2m, audit, wordOf } = domain();
  expect(wordOf(10).getBigUint64(0, true)).toBe(BigInt(p2m.frameOf(11)));
  expect(wordOf(11).getBigUint64(16, true)).toBe(BigInt(p2m.frameOf(14)));
  expect(wordOf(13).getBigUint64(8, true)).toBe(BigInt(p2m.frameOf(513)));
  expect(wordOf(13).getBigUint64((700 - 512) * 8, true)).toBe(2n ** 64n - 1n);
  expect(audit()).toEqual([]);
});

test('the audit names an entry with the frame of another host, and a level that leads astray', () => {
  const { p2m, audit, wordOf } = domain();
  wordOf(12).setBigUint64(3 * 8, 0x9999n, true);
  expect(audit()).toEqual([`p2m list: pfn 3 has 0x9999; its frame is 0x${p2m.frameOf(3).toString(16)}`]);
  wordOf(11).setBigUint64(0, 0x9999n, true);
  expect(audit()[0]).toContain('leaf 0 is frame 0x9999');
  wordOf(10).setBigUint64(0, 0x9999n, true);
  expect(audit()[0]).toContain('the top page leads to frame 0x9999');
});
