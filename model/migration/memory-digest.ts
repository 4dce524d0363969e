/**
 * A digest of a domain's memory that is kept up to date while pages come and go, so that a pause does not have to wait
 * for all of it: sha256 of each group of 64 pages, and sha256 over those. In a group each page that is not all zero
 * counts with its pfn and type, then its 4096 bytes as they travel. Both sides work it out from their own frames, so that
 * a page table which was localised wrongly differs too.
 * Whoever writes a page has to touch() it here: the source does what log-dirty finds, the target what it is sent.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { DirtyBitmap } from '../memory/log-dirty.ts';
import type { Domain } from '../xen/domain.ts';
import type { Host } from '../xen/host.ts';
import { savedPage } from './save.ts';

/** 256 KiB: small beside a pause, and 1 GiB has 128 KiB of group digests. */
const DIGEST_GROUP_PAGES = 64;
const SHA256_BYTES = 32;

export type MemoryDigestResult = { readonly sha256: string; readonly pages: number };

export class MemoryDigest {
  readonly #host: Host;
  readonly #domain: Domain;
  readonly #groups: Uint8Array;
  readonly #fresh: Uint8Array;

  constructor(host: Host, domain: Domain) {
    this.#host = host;
    this.#domain = domain;
    const groups = Math.ceil(domain.p2m.size / DIGEST_GROUP_PAGES);
    this.#groups = new Uint8Array(groups * SHA256_BYTES);
    this.#fresh = new Uint8Array(groups);
  }

  /** This page is not what it was. */
  touch(pfn: number): void {
    this.#fresh[digestGroupOf(pfn)] = 0;
  }

  touchAll(dirty: DirtyBitmap): void {
    for (const pfn of dirty.pfns()) this.touch(pfn);
  }

  /** Works out the group of this page ahead of time, unless that cannot be now: a table in it is being changed. */
  settle(pfn: number): void {
    const group = digestGroupOf(pfn);
    if (this.#fresh[group] === 1) return;
    try {
      this.#workOut(group);
    } catch (error) {
      if (!(error instanceof SkewbedError)) throw error;
    }
  }

  /** Of the memory as it is. */
  result(): MemoryDigestResult {
    for (let group = 0; group < this.#fresh.length; group++) if (this.#fresh[group] === 0) this.#workOut(group);
    return { sha256: this.#host.pageOps.digest([this.#groups]), pages: this.#domain.p2m.populated };
  }

  #workOut(group: number): void {
    const hex = this.#host.pageOps.digest(this.#chunks(group));
    for (let byte = 0; byte < SHA256_BYTES; byte++)
      this.#groups[group * SHA256_BYTES + byte] = Number.parseInt(hex.slice(2 * byte, 2 * byte + 2), 16);
    this.#fresh[group] = 1;
  }

  *#chunks(group: number): Generator<Uint8Array> {
    const domain = this.#domain;
    const end = Math.min(domain.p2m.size, (group + 1) * DIGEST_GROUP_PAGES);
    for (let pfn = group * DIGEST_GROUP_PAGES; pfn < end; pfn++) {
      if (domain.p2m.mfnOf(pfn) === null) continue;
      const { type, page } = savedPage(this.#host, domain, pfn);
      if (page === null) continue;
      label(pfn, 0);
      label(type, 4);
      yield LABEL;
      yield page;
    }
  }
}

/** What stands in front of a page: its pfn and its type. One for all, for whoever digests takes a chunk before the next. */
const LABEL = new Uint8Array(8);

function label(word: number, at: number): void {
  LABEL[at] = word;
  LABEL[at + 1] = word >>> 8;
  LABEL[at + 2] = word >>> 16;
  LABEL[at + 3] = word >>> 24;
}

/** The group of a page. */
export const digestGroupOf = (pfn: number): number => Math.floor(pfn / DIGEST_GROUP_PAGES);
