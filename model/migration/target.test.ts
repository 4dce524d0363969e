/** The target's side: what it takes, what it refuses, and that nothing is left of what it refused. */
import type { PageEntry, StreamRecord } from '@skewbed/proto/records.ts';
import { NS_PER_S } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import {
  at,
  benchHost,
  carry,
  elapse,
  GUEST,
  type Move,
  migrate,
  sampleStream,
  startBenchGuest,
  tamperPage,
  waitingTarget,
} from '../bench-host.ts';
import { KERNEL_NAMES } from '../guest/kernels/index.ts';
import { layoutOf } from '../guest/layout.ts';
import { eventsOf } from '../readings.ts';
import type { Host } from '../xen/host.ts';
import type { HostConfig } from '../xen/host-event.ts';
import { readRunstate } from '../xen/runstate-area.ts';
import type { MigrationTarget } from './target.ts';

const coded = (code: string) => expect.objectContaining({ code });
function feed(target: MigrationTarget, stream: readonly StreamRecord[]): void {
  for (const record of stream) target.apply(at(1), record);
}

const layout = layoutOf(128);
const STREAM = sampleStream({ vcpus: 2 });

function flipped(entry: PageEntry, offset: number): PageEntry {
  const page = entry.page?.slice() ?? new Uint8Array(4096);
  page[offset] = (page[offset] as number) ^ 1;
  return { ...entry, page };
}

describe('a target', () => {
  it('without room refuses, and gives back what it had', () => {
    for (const frames of [64, 128]) {
      const host = benchHost({ frames });
      const target = waitingTarget(host);
      expect(() => feed(target, STREAM)).toThrow(coded('out-of-memory'));
      target.abort(at(1), 'no room');
      expect(host.memory.audit()).toMatchObject({ owned: 0, problems: [] });
    }
    const host = benchHost({ frames: 129 });
    const target = waitingTarget(host);
    expect(() => feed(target, STREAM)).not.toThrow();
  });

  it('that is half built can be audited: its frames are counted, its page tables are not there yet', () => {
    const host = benchHost();
    const target = waitingTarget(host);
    for (const record of STREAM.slice(0, 4)) target.apply(at(1), record);
    host.drain();
    host.step(at(2), { type: 'audit' });
    const history = host.drain();
    expect(eventsOf(history, 'memory-audit')).toEqual([]);
    expect(eventsOf(history, 'frames-audit')[0]).toMatchObject({ ok: true });
  });

  it('with a domain of that name refuses before anything is sent', () => {
    const host = benchHost();
    startBenchGuest(host);
    expect(() => waitingTarget(host)).toThrow(coded('already-exists'));
  });

  it('without the posted patch cannot restore by it', () => {
    expect(() => waitingTarget(benchHost(), 'song-2008')).toThrow(coded('bad-argument'));
  });

  it.each([0, 1, 3, 4, STREAM.length])('gives back every frame when it is aborted after %d records', (count) => {
    const host = benchHost();
    const target = waitingTarget(host);
    feed(target, STREAM.slice(0, count));
    target.abort(at(2), 'test');
    expect(target.phase).toBe('aborted');
    expect(host.memory.audit()).toMatchObject({ owned: 0, problems: [] });
    expect(() => target.abort(at(2), 'again')).toThrow(coded('illegal-state'));
    expect(() => target.apply(at(2), STREAM[0] as StreamRecord)).toThrow(coded('illegal-state'));
    expect(() => target.commit(at(2), { runAt: at(2), pausedForNs: 0n })).toThrow(coded('illegal-state'));
  });

  it('gives them back after it was built as well, and not once the guest is its own', () => {
    const [a, b] = pair();
    const { target } = carry(a, b, MOVE);
    target.abort(at(1), 'the coordinator says so');
    expect(b.memory.audit()).toMatchObject({ owned: 0, problems: [] });
    const [c, d] = pair();
    const second = carry(c, d, MOVE).target;
    second.commit(at(1), { runAt: at(3), pausedForNs: 0n });
    expect(() => second.abort(at(1), 'too late')).toThrow(coded('illegal-state'));
    expect(d.domainNames()).toEqual([GUEST]);
  });

  it('runs the guest exactly when it was told to, or at once when that is past', () => {
    const [a, b] = pair();
    migrate(a, b, { stop: at(1), runAt: at(2.345678) });
    elapse(b, at(5));
    expect(eventsOf(b.drain(), 'guest-started')).toMatchObject([{ how: 'restored', at: at(2.345678) }]);
    const [c, d] = pair();
    const { target } = carry(c, d, MOVE);
    target.commit(at(4), { runAt: at(2), pausedForNs: 3n * NS_PER_S });
    elapse(d, at(5));
    expect(eventsOf(d.drain(), 'guest-started')).toMatchObject([{ how: 'restored', at: at(4) }]);
  });
});

const MOVE: Move = { stop: at(1), runAt: at(2) };

/** A guest on host a that runs since 0 s, and an empty host b. */
function pair(differences: Partial<HostConfig> = {}): [Host, Host] {
  const a = benchHost();
  const b = benchHost({ name: 'b', mfnSalt: 2, ...differences });
  startBenchGuest(a);
  return [a, b];
}

describe('a restored guest', () => {
  it.each(KERNEL_NAMES)(
    '%s tells this host where its runstate area is, unless it is the one that forgets',
    (kernel) => {
      const a = benchHost();
      const b = benchHost({ name: 'b', mfnSalt: 2, uptimeSkew: '+5000s' });
      startBenchGuest(a, { kernel });
      migrate(a, b, MOVE);
      b.reach(at(3));
      const forgets = kernel === 'pvops-2.6.27';
      const domain = b.domain(GUEST);
      expect(domain.vcpus[0]?.runstateRegistered).toBe(!forgets);
      // The stamp in its page: of the last time that the source, or this host, put the vCPU on a CPU.
      const { stateEntryTimeNs } = readRunstate(domain.page(layout.runstate), 0);
      expect(stateEntryTimeNs).toBe((forgets ? 1001n : 5003n) * NS_PER_S);
    },
  );
});

describe('memory on both sides', () => {
  it('has one digest, and no frame number in common', () => {
    const [a, b] = pair();
    const frames = [...a.domain(GUEST).p2m.entries()].map(([, mfn]) => mfn);
    const { sent, received } = carry(a, b, MOVE);
    expect(received).toEqual(sent);
    expect(sent.pages).toBe(128);
    for (const [pfn, mfn] of b.domain(GUEST).p2m.entries()) expect(mfn).not.toBe(frames[pfn]);
  });

  it('is sound on the target: tables, p2m, its list, the page writer, every frame', () => {
    const [a, b] = pair();
    migrate(a, b, MOVE);
    elapse(b, at(5));
    b.step(at(5), { type: 'audit' });
    const history = b.drain();
    expect(eventsOf(history, 'memory-audit')).toMatchObject([{ ok: true, problems: [] }]);
    expect(eventsOf(history, 'writer-checked')).toMatchObject([{ badPages: [] }]);
    expect(eventsOf(history, 'frames-audit')).toMatchObject([{ ok: true }]);
  });

  const l1 = layout.pageTables.at(-1) as number;
  it.each([
    ['the page writer', layout.free + 1, 1234],
    ['the first byte of a page', layout.free + 1, 0],
    ['the last byte of a page', layout.free + 1, 4095],
    ['a page table', l1, 8 * 100 + 1],
    ['start_info', layout.startInfo, 40],
    ['the runstate page', layout.runstate, 8],
    ['a page that nobody touched', 120, 0],
  ])('has another digest when one bit of %s changes on the way', (_, pfn, offset) => {
    const [a, b] = pair();
    const { sent, received } = carry(a, b, {
      ...MOVE,
      tamper: (record) => tamperPage(record, pfn, (entry) => flipped(entry, offset)),
    });
    expect(received.sha256).not.toBe(sent.sha256);
  });

  it('has another digest when a page comes under another type', () => {
    const [a, b] = pair();
    const tamper = (record: StreamRecord): StreamRecord => tamperPage(record, l1, (entry) => ({ ...entry, type: 0x9 }));
    const { sent, received } = carry(a, b, { ...MOVE, tamper });
    expect(received.sha256).not.toBe(sent.sha256);
  });

  it('is missed by the guest itself when a page was lost', () => {
    const [a, b] = pair();
    const lost = layout.free + 2;
    migrate(a, b, { ...MOVE, tamper: (record) => tamperPage(record, lost, (entry) => ({ ...entry, page: null })) });
    b.step(at(3), { type: 'audit' });
    expect(eventsOf(b.drain(), 'writer-checked').at(-1)?.badPages).toEqual([lost]);
  });

  it('is missed by the audit when a table maps the wrong page', () => {
    const [a, b] = pair();
    migrate(a, b, { ...MOVE, tamper: (record) => tamperPage(record, l1, (entry) => flipped(entry, 8 * 100 + 2)) });
    b.step(at(3), { type: 'audit' });
    const [audit] = eventsOf(b.drain(), 'memory-audit');
    expect(audit?.ok).toBe(false);
    expect(audit?.problems.join()).toContain('100');
  });
});
