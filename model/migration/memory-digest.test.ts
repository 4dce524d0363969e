/** The digest that is kept up to date says what one made afresh says, whoever writes when. */
import { describe, expect, it } from 'vitest';
import { at, benchHost, GUEST, startBenchGuest } from '../bench-host.ts';
import { DirtyBitmap } from '../memory/log-dirty.ts';
import { digestGroupOf, MemoryDigest } from './memory-digest.ts';

function guest() {
  const host = benchHost();
  startBenchGuest(host, { pages: 128, writerPages: 60 });
  host.reach(at(1));
  return { host, domain: host.domain(GUEST) };
}

describe('a digest that is kept up to date', () => {
  it('is that of the memory after any writes that it was told of', () => {
    const { host, domain } = guest();
    const kept = new MemoryDigest(host, domain);
    domain.logDirty.enable();
    for (let second = 2; second < 6; second++) {
      for (const pfn of [0, 64]) kept.settle(pfn);
      host.reach(at(second));
      kept.touchAll(domain.logDirty.clean().dirty);
      expect(kept.result()).toEqual(new MemoryDigest(host, domain).result());
    }
  });

  it('does not see a write that it was not told of: who writes has to say so', () => {
    const { host, domain } = guest();
    const kept = new MemoryDigest(host, domain);
    const before = kept.result();
    domain.pageForWrite(100).fill(7);
    expect(kept.result()).toEqual(before);
    kept.touch(100);
    expect(kept.result()).not.toEqual(before);
    expect(kept.result()).toEqual(new MemoryDigest(host, domain).result());
  });

  it('tells a page at another place from the same page', () => {
    const { host, domain } = guest();
    const swap = (one: number, other: number) => {
      domain.pageForWrite(one).fill(1);
      domain.pageForWrite(other).fill(2);
      return new MemoryDigest(host, domain).result().sha256;
    };
    expect(swap(100, 101)).not.toBe(swap(101, 100));
    expect(digestGroupOf(100)).toBe(1);
  });

  it('works out once more only the groups that were touched', () => {
    const { host, domain } = guest();
    const kept = new MemoryDigest(host, domain);
    kept.result();
    const { digest } = host.pageOps;
    let asked = 0;
    const counting = {
      ...host.pageOps,
      digest: (chunks: Iterable<Uint8Array>) => {
        asked += 1;
        return digest(chunks);
      },
    };
    Object.defineProperty(host, 'pageOps', { value: counting });
    const dirty = new DirtyBitmap(128);
    dirty.add(70);
    dirty.add(71);
    kept.touchAll(dirty);
    kept.result();
    // The group, and the digest of the groups.
    expect(asked).toBe(2);
  });
});
