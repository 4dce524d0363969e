/**
 * The pages of a stream on the target: each is checked, gets a frame the first time that it comes, and is written there
 * (libxc xg_sr_restore.c handle_page_data). In a live migration a page comes several times, and the last one counts.
 * A page table keeps the pfns with which it travelled until the record after it has come, for one that is hot comes again
 * soon; then it is localised, and the pages that it names get their frames even if they have not come yet. Doing this and
 * the digest as the pages come leaves little to do while the guest stands still.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { PAGE_SIZE, PAGE_TYPE, type PageEntry } from '@skewbed/proto/records.ts';
import { DirtyBitmap } from '../memory/log-dirty.ts';
import { localiseTable } from '../memory/page-table-transfer.ts';
import { levelOf } from '../memory/page-tables.ts';
import type { Domain } from '../xen/domain.ts';
import type { Host } from '../xen/host.ts';
import { digestGroupOf, MemoryDigest, type MemoryDigestResult } from './memory-digest.ts';
import { PageVerify } from './page-verify.ts';

/** Pages that are on their way, described before they are there. */
export type IncomingRun = {
  readonly pfn: number;
  readonly count: number;
  readonly type: number;
  /** Their bytes come. */
  readonly present: boolean;
};

export class PageIntake {
  readonly #host: Host;
  readonly #domain: Domain;
  readonly #migration: string;
  readonly #digest: MemoryDigest;
  /** Types of the pages that are page tables, by pfn. */
  readonly #tables = new Map<number, number>();
  /** Those among them that hold pfns still. */
  readonly #raw = new Set<number>();
  readonly #came: DirtyBitmap;
  #verify: PageVerify | null = null;
  /** Of the record before this one: one page of each group in a row. */
  #written: readonly number[] = [];
  #writtenTables: readonly number[] = [];

  constructor(host: Host, domain: Domain, migration: string) {
    this.#host = host;
    this.#domain = domain;
    this.#migration = migration;
    this.#digest = new MemoryDigest(host, domain);
    this.#came = new DirtyBitmap(domain.p2m.size);
  }

  /**
   * Where the bytes of these runs may be put before take() is told of them. Null where they must not be: they are to be
   * compared, or are nothing that take() would let in. A stream that breaks meanwhile brings the same pages again.
   */
  places(runs: readonly IncomingRun[]): Uint8Array[] | null {
    const { p2m } = this.#domain;
    if (this.#verify !== null) return null;
    const coming = runs.filter(({ present }) => present);
    if (runs.some(({ pfn, count }) => pfn + count > p2m.size)) return null;
    if (coming.some(({ type }) => !SENDABLE.has(type) || type === PAGE_TYPE.XTAB)) return null;
    const fresh = new Set<number>();
    for (const { pfn, count } of coming)
      for (let page = pfn; page < pfn + count; page++) if (p2m.mfnOf(page) === null) fresh.add(page);
    this.#domain.populate([...fresh]);
    const places: Uint8Array[] = [];
    for (const { pfn, count } of coming) {
      for (let done = 0; done < count; ) {
        const run = this.#domain.runForWrite(pfn + done, count - done);
        places.push(run.bytes);
        done += run.count;
      }
    }
    return places;
  }

  take(entries: readonly PageEntry[]): void {
    const fresh = this.#checked(entries);
    if (this.#verify !== null) {
      this.#verify.compare(entries);
      return;
    }
    this.#domain.populate(fresh);
    for (const entry of entries) this.#write(entry);
    for (const pfn of this.#writtenTables) this.#localise(pfn);
    for (const pfn of this.#written) this.#digest.settle(pfn);
    this.#writtenTables = entries.flatMap(({ pfn }) => (this.#raw.has(pfn) ? [pfn] : []));
    this.#written = entries
      .map(({ pfn }) => pfn)
      .filter((pfn, i, pfns) => i === 0 || digestGroupOf(pfn) !== digestGroupOf(pfns[i - 1] as number));
  }

  /** VERIFY: what comes from here on is compared. */
  startVerify(): void {
    this.#verify = new PageVerify(this.#host, this.#domain, this.#tables);
  }

  /** END. Throws where pages differed that were sent again. */
  finishVerify(): void {
    this.#verify?.finish(this.#host, this.#migration);
  }

  /** Every page is there: all tables name this host's frames from now on. */
  localise(): void {
    const missing = this.#domain.p2m.size - this.#came.count;
    if (missing > 0)
      this.#bad(`migration ${this.#migration}: ${missing} of ${this.#domain.p2m.size} pages did not come`);
    for (const pfn of this.#raw) this.#localise(pfn);
  }

  /** Of what is here, once it is localised. */
  digest(): MemoryDigestResult {
    return this.#digest.result();
  }

  /** The pages that have no frame yet. */
  #checked(entries: readonly PageEntry[]): number[] {
    const { p2m } = this.#domain;
    if (entries.length === 0) this.#badPage('has no page in it');
    const fresh = new Set<number>();
    for (const { pfn, type, page } of entries) {
      if (!Number.isInteger(pfn) || pfn < 0 || pfn >= p2m.size)
        this.#badPage(`has pfn ${pfn}; the domain has pages 0 to ${p2m.size - 1}`);
      if (!SENDABLE.has(type))
        this.#badPage(`has pfn ${pfn} with page type 0x${type.toString(16)}, which no sender of this version sends`);
      if (page !== null && page.length !== PAGE_SIZE)
        this.#badPage(`has ${page.length} bytes for pfn ${pfn}, not ${PAGE_SIZE}`);
      if (type !== PAGE_TYPE.XTAB && p2m.mfnOf(pfn) === null) fresh.add(pfn);
    }
    return [...fresh];
  }

  #write({ pfn, type, page }: PageEntry): void {
    // A table that was changed under the sender's eyes: it comes again, in the last pass.
    if (type === PAGE_TYPE.XTAB) return;
    const domain = this.#domain;
    domain.pageTypes.delete(pfn);
    if (levelOf(type) > 0) {
      this.#tables.set(pfn, type);
      this.#raw.add(pfn);
    } else {
      this.#tables.delete(pfn);
      this.#raw.delete(pfn);
    }
    if (page !== null) domain.pageForWrite(pfn).set(page);
    else if (domain.isTouched(pfn) && !this.#host.pageOps.isZero(domain.page(pfn))) domain.pageForWrite(pfn).fill(0);
    this.#came.add(pfn);
    this.#digest.touch(pfn);
  }

  /** Turns the pfns of one table into frames. A table that came again meanwhile is done already, or is none any more. */
  #localise(pfn: number): void {
    const type = this.#tables.get(pfn);
    if (type === undefined || !this.#raw.delete(pfn)) return;
    const level = levelOf(type);
    const domain = this.#domain;
    if (level !== 0) {
      const page = domain.pageForWrite(pfn);
      localiseTable({ from: page, into: page, level, mfnOf: (named) => this.#frameOf(named) });
    }
    domain.pageTypes.set(pfn, type);
    this.#digest.touch(pfn);
  }

  /** The frame of a page that may not have come yet; those behind it get theirs with it, as a table names rows of them. */
  #frameOf(pfn: number): number | null {
    const { p2m } = this.#domain;
    if (pfn >= p2m.size || p2m.mfnOf(pfn) !== null) return p2m.mfnOf(pfn);
    const row: number[] = [];
    for (let next = pfn; next < p2m.size && row.length < POPULATE_PAGES && p2m.mfnOf(next) === null; next++)
      row.push(next);
    this.#domain.populate(row);
    return p2m.mfnOf(pfn);
  }

  #badPage(what: string): never {
    return this.#bad(`migration ${this.#migration}: PAGE_DATA ${what}; the domain is not built`, 'PAGE_DATA');
  }

  #bad(message: string, where?: string): never {
    throw new SkewbedError('bad-stream', message, where);
  }
}

/** As many as a table names. */
const POPULATE_PAGES = 512;

const SENDABLE: ReadonlySet<number> = new Set([
  PAGE_TYPE.NOTAB,
  PAGE_TYPE.L1TAB,
  PAGE_TYPE.L2TAB,
  PAGE_TYPE.L3TAB,
  PAGE_TYPE.L4TAB,
  PAGE_TYPE.L1PINNED,
  PAGE_TYPE.L2PINNED,
  PAGE_TYPE.L3PINNED,
  PAGE_TYPE.L4PINNED,
  PAGE_TYPE.XTAB,
]);
