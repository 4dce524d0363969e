/**
 * Copying the memory of a guest that runs: log-dirty is on, passes follow each other as the policy says, and what is left
 * when the guest stops is known (xg_sr_save.c send_memory_live and suspend_and_send_dirty; facts D.7 to D.9).
 * A page table that names a frame which is not the guest's is being changed right now: it goes as XTAB and is deferred to
 * the last pass. A guest that changes its p2m meanwhile cannot be moved: its generation has to be even and stay.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { PAGE_TYPE, type PageEntry, type StreamRecord } from '@skewbed/proto/records.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { DirtyBitmap } from '../memory/log-dirty.ts';
import type { Domain } from '../xen/domain.ts';
import type { Host } from '../xen/host.ts';
import { readArch } from '../xen/shared-info.ts';
import { digestGroupOf, type MemoryDigest } from './memory-digest.ts';
import { expectedDowntimeNs } from './policies/qemu.ts';
import { Precopy, type PrecopyPolicy, type PrecopyStep } from './precopy.ts';
import { savedPage } from './save.ts';

/** QEMU's words (qapi/migration.json RAMStats), in pages where QEMU counts bytes. */
export type LiveProgress = {
  readonly iteration: number;
  /** Pages of the set that is being sent. */
  readonly dirtyCount: number;
  readonly remainingPages: number;
  readonly totalPages: number;
  /** Pages sent with data, and pages that were all zero. */
  readonly normal: number;
  readonly duplicate: number;
  /** Pages a second that the guest dirtied during the last pass. */
  readonly dirtyPagesRate: number;
  readonly throttlePercent: number;
  /** Null before a pass has been measured. */
  readonly expectedDowntimeNs: bigint | null;
};

type Pass = { readonly left: DirtyBitmap; leftPages: number; sentPages: number; readonly startedAt: TrueNs };

export type LiveCopyOptions = {
  readonly policy: PrecopyPolicy;
  readonly head: readonly StreamRecord[];
  /** Is kept up to date, so that little of it is left to do when the guest stands still. */
  readonly digest: MemoryDigest;
  readonly at: TrueNs;
};

export class LiveCopy {
  readonly #host: Host;
  readonly #domain: Domain;
  readonly #precopy: Precopy;
  readonly #digest: MemoryDigest;
  readonly #generation: bigint;
  readonly #deferred: DirtyBitmap;
  #pass: Pass | null = null;
  #records: Iterator<StreamRecord, void, number> | null = null;
  #stopped: DirtyBitmap | null = null;
  /** Pages of the last pass, once the guest stands still. */
  #lastPages: number | null = null;
  #dirtyPagesRate = 0;
  #normal = 0;
  #duplicate = 0;

  /** Switches log-dirty on and opens the first pass, with `head` in front of it. */
  constructor(host: Host, domain: Domain, options: LiveCopyOptions) {
    this.#host = host;
    this.#domain = domain;
    this.#deferred = new DirtyBitmap(domain.p2m.size);
    this.#digest = options.digest;
    this.#generation = this.#checkGeneration(null);
    domain.logDirty.enable();
    this.#precopy = new Precopy(domain.p2m.size, options.policy, () => {
      const report = domain.logDirty.clean();
      this.#digest.touchAll(report.dirty);
      return report;
    });
    this.#enter(this.#precopy.begin(), options.at, options.head);
  }

  /** The next records of this pass, with at most `maxPages` pages; [] when it is sent, or no pass is due. */
  take(maxPages: number): StreamRecord[] {
    const next = this.#records?.next(maxPages);
    return next === undefined || next.done === true ? [] : [next.value];
  }

  /** The pass was sent and applied. `bytes`: what it took on the wire. Throws when the guest cannot be moved like this. */
  endPass(at: TrueNs, bytes: number): 'pass' | 'stop' {
    this.#host.reach(at);
    this.#domain.expect('pre-copy', 'running');
    this.#checkGeneration(this.#generation);
    const pass = this.#pass;
    if (pass === null || this.#stopped !== null) return 'stop';
    if (pass.leftPages > 0)
      throw new SkewbedError('illegal-state', `${pass.leftPages} pages of this pass have not been taken yet`);
    const tookNs = at - pass.startedAt;
    const written = this.#domain.logDirty.peek().dirtyCount;
    if (tookNs > 0n) this.#dirtyPagesRate = Math.round((written * 1e9) / Number(tookNs));
    const step = this.#precopy.passDone({ pages: pass.sentPages, bytes, tookNs });
    this.#domain.guest?.throttle(this.#precopy.throttlePercent);
    this.#enter(step, at, []);
    return this.#stopped === null ? 'pass' : 'stop';
  }

  /** The guest is stopped: every page that has to go once more. Log-dirty protects nothing any longer. */
  lastPass(): DirtyBitmap {
    this.#checkGeneration(this.#generation);
    const { dirty } = this.#domain.logDirty.clean('final');
    dirty.addAll(this.#deferred);
    if (this.#pass !== null) dirty.addAll(this.#pass.left);
    if (this.#stopped !== null) dirty.addAll(this.#stopped);
    this.#digest.touchAll(dirty);
    this.#lastPages = dirty.count;
    return dirty;
  }

  /** The migration ended, or failed: the guest writes at full speed and unseen again. */
  release(): void {
    this.#domain.logDirty.disable();
    this.#domain.guest?.throttle(0);
  }

  get progress(): LiveProgress {
    const { iteration, dirtyCount, lastPass } = this.#precopy.stats;
    const waiting = this.#lastPages ?? this.#domain.logDirty.peek().dirtyCount;
    const left = this.#pass?.leftPages ?? 0;
    return {
      iteration: this.#stopped === null ? iteration + 1 : iteration,
      dirtyCount: Math.max(dirtyCount, 0),
      remainingPages: this.#lastPages ?? left,
      totalPages: this.#domain.p2m.size,
      normal: this.#normal,
      duplicate: this.#duplicate,
      dirtyPagesRate: this.#dirtyPagesRate,
      throttlePercent: this.#precopy.throttlePercent,
      expectedDowntimeNs: expectedDowntimeNs(waiting, lastPass),
    };
  }

  #enter(step: PrecopyStep, at: TrueNs, head: readonly StreamRecord[]): void {
    switch (step.next) {
      case 'pass': {
        const left = step.dirty.copy();
        this.#pass = { left, leftPages: left.count, sentPages: 0, startedAt: trueNs(at) };
        this.#records = this.#passRecords(this.#pass, step.dirty, head);
        this.#records.next(0);
        return;
      }
      case 'stop':
        this.#pass = null;
        this.#stopped = step.left;
        this.#records = head.length === 0 ? null : primed(head);
        return;
      case 'abort':
        throw new SkewbedError('refused', `the pre-copy policy gave domain ${this.#domain.name} up`);
      default:
        step satisfies never;
    }
  }

  /** The first next() only starts it. */
  *#passRecords(pass: Pass, dirty: DirtyBitmap, head: readonly StreamRecord[]): Generator<StreamRecord, void, number> {
    let maxPages = yield START;
    for (const record of head) maxPages = yield record;
    let entries: PageEntry[] = [];
    let last: number | null = null;
    for (const pfn of dirty.pfns()) {
      // A group that is behind us is in the processor's cache still.
      if (last !== null && digestGroupOf(last) !== digestGroupOf(pfn)) this.#digest.settle(last);
      last = pfn;
      entries.push(this.#entry(pass, pfn));
      if (entries.length < Math.max(1, maxPages)) continue;
      maxPages = yield { type: 'PAGE_DATA', entries };
      entries = [];
    }
    if (last !== null) this.#digest.settle(last);
    if (entries.length > 0) yield { type: 'PAGE_DATA', entries };
  }

  #entry(pass: Pass, pfn: number): PageEntry {
    pass.left.remove(pfn);
    pass.leftPages -= 1;
    pass.sentPages += 1;
    const entry = this.#pageOrDeferred(pfn);
    if (entry.page === null) this.#duplicate += 1;
    else this.#normal += 1;
    return entry;
  }

  #pageOrDeferred(pfn: number): PageEntry {
    try {
      const entry = savedPage(this.#host, this.#domain, pfn);
      this.#deferred.remove(pfn);
      return entry;
    } catch (error) {
      if (!(error instanceof SkewbedError) || error.code !== 'foreign-frame') throw error;
      this.#deferred.add(pfn);
      return { pfn, type: PAGE_TYPE.XTAB, page: null };
    }
  }

  #checkGeneration(before: bigint | null): bigint {
    const { p2mGeneration } = readArch(this.#domain.sharedInfo);
    if (p2mGeneration % 2n === 0n && p2mGeneration === (before ?? p2mGeneration)) return p2mGeneration;
    throw new SkewbedError(
      'p2m-changed',
      `domain ${this.#domain.name} changes its p2m: its generation is ${p2mGeneration}${before === null ? ', odd while it is changed' : `, it was ${before}`}; try again when it is done`,
    );
  }
}

const START: StreamRecord = { type: 'STATIC_DATA_END' };

function primed(records: readonly StreamRecord[]): Iterator<StreamRecord, void, number> {
  return records[Symbol.iterator]() as Iterator<StreamRecord, void, number>;
}
