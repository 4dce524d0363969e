/**
 * Which byte of the new shared_info comes from where (facts C.1, C.5): every byte of the saved page is marked, and looked
 * for after the restore, before the guest runs. The target's clocks differ from the source's in all digits.
 */
import type { StreamRecord } from '@skewbed/proto/records.ts';
import { NS_PER_S } from '@skewbed/proto/units.ts';
import { beforeAll, describe, expect, it } from 'vitest';
import { at, BENCH_WALL, benchHost, carry, GUEST, startBenchGuest } from '../bench-host.ts';
import { addPatch } from '../patches/registry.ts';
import { readArch, readWallclock, SHARED_INFO } from '../xen/shared-info.ts';
import { VCPU_INFO, VCPU_INFO_BYTES, viewOf } from '../xen/vcpu-info.ts';
import type { RestorePolicy } from './hand-over.ts';
import { RESTORE_POLICIES } from './toolstack-ops.ts';

const MARK = 0xa5;
const SAVED = { wcVersion: 0x100, wcSec: 0x11223344, wcNsec: 123_456_789, wcSecHi: 7 };
const TARGET_UPTIME_S = 777n;

function savedPage(): Uint8Array {
  const page = new Uint8Array(4096).fill(MARK);
  const view = viewOf(page);
  view.setUint32(SHARED_INFO.wcVersion, SAVED.wcVersion, true);
  view.setUint32(SHARED_INFO.wcSec, SAVED.wcSec, true);
  view.setUint32(SHARED_INFO.wcNsec, SAVED.wcNsec, true);
  view.setUint32(SHARED_INFO.wcSecHi, SAVED.wcSecHi, true);
  return page;
}

/** shared_info of the domain that was built, with its host. */
function restored(restore: RestorePolicy, patches: readonly string[] = []) {
  const a = benchHost();
  const b = benchHost({
    name: 'b',
    mfnSalt: 2,
    utcAtZeroNs: BENCH_WALL + 42n * NS_PER_S,
    uptimeSkew: `+${TARGET_UPTIME_S}s`,
    patches: restore === 'song-2008' ? ['song-2008'] : patches,
  });
  startBenchGuest(a);
  const tamper = (record: StreamRecord): StreamRecord =>
    record.type === 'SHARED_INFO' ? { type: 'SHARED_INFO', page: savedPage() } : record;
  carry(a, b, { stop: at(1), runAt: at(2), restore, tamper });
  const domain = b.domain(GUEST);
  return { page: domain.sharedInfo, domain, host: b };
}

const wcOf = (page: Uint8Array) => {
  const view = viewOf(page);
  const word = (offset: number): number => view.getUint32(offset, true);
  return {
    wcVersion: word(SHARED_INFO.wcVersion),
    wcSec: word(SHARED_INFO.wcSec),
    wcNsec: word(SHARED_INFO.wcNsec),
    wcSecHi: word(SHARED_INFO.wcSecHi),
  };
};

/** What Xen of the target publishes. */
const OWN = { wcVersion: 2, wcSec: Number(BENCH_WALL / NS_PER_S + 42n - TARGET_UPTIME_S), wcNsec: 0, wcSecHi: 0 };

describe.each(RESTORE_POLICIES)('restore %s', (policy) => {
  it('takes every vcpu_info from the source, with its selector cleared', () => {
    const { page } = restored(policy);
    for (let vcpu = 0; vcpu < 32; vcpu++) {
      const info = page.slice(vcpu * VCPU_INFO_BYTES, (vcpu + 1) * VCPU_INFO_BYTES);
      const expected = new Uint8Array(VCPU_INFO_BYTES).fill(MARK);
      expected.fill(0, VCPU_INFO.evtchnPendingSel, VCPU_INFO.evtchnPendingSel + 8);
      expect(info, `vcpu_info[${vcpu}]`).toEqual(expected);
    }
  });

  it('leaves no event pending and every channel masked', () => {
    const { page } = restored(policy);
    expect(page.slice(SHARED_INFO.evtchnPending, SHARED_INFO.evtchnMask)).toEqual(new Uint8Array(512));
    expect(page.slice(SHARED_INFO.evtchnMask, SHARED_INFO.wcVersion)).toEqual(new Uint8Array(512).fill(0xff));
  });

  it('takes arch from the source, and the list of lists from what the guest has here', () => {
    const { page, domain } = restored(policy);
    const marked = 0xa5a5_a5a5_a5a5_a5a5n;
    const [top] = [...domain.p2m.entries()].filter(([pfn]) => pfn === 4).map(([, mfn]) => BigInt(mfn));
    expect(readArch(page)).toEqual({
      maxPfn: marked,
      pfnToMfnFrameListList: top,
      nmiReason: marked,
      p2mCr3: marked,
      p2mVaddr: marked,
      p2mGeneration: marked,
    });
  });
});

describe('wc_version, wc_sec, wc_nsec and wc_sec_hi', () => {
  it.each(['fields-2007', 'stream-v3'] as const)('are those of the new host under %s', (policy) => {
    expect(wcOf(restored(policy).page)).toEqual(OWN);
  });

  it("are the source's under copy-all, all four", () => {
    expect(wcOf(restored('copy-all').page)).toEqual(SAVED);
  });

  it("are the source's in two words under song-2008; Xen wrote nothing, so the version is that of a blank page", () => {
    expect(wcOf(restored('song-2008').page)).toEqual({ ...SAVED, wcVersion: 0, wcSecHi: 0 });
  });

  it('under stream-v3 with the posted patch as well: the contexts come last, and their update is the one that is skipped', () => {
    expect(wcOf(restored('stream-v3', ['song-2008']).page)).toEqual({ ...SAVED, wcVersion: 0, wcSecHi: 0 });
  });
});

describe('the half of the patch that copies, without the half that skips (C.5)', () => {
  beforeAll(() => {
    addPatch({
      name: 'copy-wc-only',
      side: 'toolstack',
      testOnly: true,
      source: 'facts C.2 and C.5',
      claims: 'None.',
      objections: 'None.',
      restore: (base) => ({
        copySharedInfo(saved, page) {
          base.copySharedInfo(saved, page);
          page.set(saved.subarray(SHARED_INFO.wcSec, SHARED_INFO.wcSecHi), SHARED_INFO.wcSec);
        },
      }),
    });
  });

  it('is enough in the order of 2008', () => {
    expect(wcOf(restored('fields-2007', ['copy-wc-only']).page)).toEqual({ ...SAVED, wcVersion: 2, wcSecHi: 0 });
  });

  it('is overwritten in the order of stream v3', () => {
    expect(wcOf(restored('stream-v3', ['copy-wc-only']).page)).toEqual(OWN);
  });
});

describe('bytes beyond the structure', () => {
  it('cross under copy-all alone', () => {
    expect(
      restored('copy-all')
        .page.slice(SHARED_INFO.end)
        .every((byte) => byte === MARK),
    ).toBe(true);
    expect(
      restored('fields-2007')
        .page.slice(SHARED_INFO.end)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  it("the guest's wall is wc + the system time of this host, whosever wc it is", () => {
    const { page, host } = restored('copy-all');
    const { uptimeNs } = host.clocksAt(at(1));
    const { wcNs } = readWallclock(page, 'u64');
    expect(wcNs + uptimeNs).toBe(
      (7n * 2n ** 32n + 0x11223344n) * NS_PER_S + 123_456_789n + (TARGET_UPTIME_S + 1n) * NS_PER_S,
    );
  });
});
