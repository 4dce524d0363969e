/**
 * VERIFY: the pages that follow are compared with those that came before (facts D.6). libxc logs the differences; here a
 * migration with one does not reach its commit, and each is named by pfn, type and who uses the page.
 * Page tables are compared with pfns in them, as they travel.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { PROBLEMS_MAX } from '@skewbed/proto/limits.ts';
import { PAGE_SIZE, PAGE_TYPE, type PageEntry } from '@skewbed/proto/records.ts';
import { layoutOf } from '../guest/layout.ts';
import { pageOwner } from '../guest/page-owner.ts';
import type { Domain } from '../xen/domain.ts';
import type { Host } from '../xen/host.ts';
import { savedPage } from './save.ts';

const NAMED_IN_ERROR = 4;
const ZERO_PAGE = new Uint8Array(PAGE_SIZE);

export class PageVerify {
  readonly #host: Host;
  readonly #domain: Domain;
  readonly #tables: ReadonlyMap<number, number>;
  readonly #differences: string[] = [];
  #compared = 0;
  #different = 0;

  /** `tables`: the types of the pages which are page tables, by pfn. */
  constructor(host: Host, domain: Domain, tables: ReadonlyMap<number, number>) {
    this.#host = host;
    this.#domain = domain;
    this.#tables = tables;
  }

  compare(entries: readonly PageEntry[]): void {
    for (const entry of entries) {
      this.#compared += 1;
      const why = this.#difference(entry);
      if (why === null) continue;
      this.#different += 1;
      if (this.#differences.length < PROBLEMS_MAX) {
        const owner = pageOwner(layoutOf(this.#domain.p2m.size), entry.pfn);
        this.#differences.push(`pfn ${entry.pfn} ${typeName(entry.type)} (${owner}): ${why}`);
      }
    }
  }

  /** After END: tells what was compared. Throws 'memory-mismatch' where something differed. */
  finish(host: Host, migration: string): void {
    const { name, p2m } = this.#domain;
    if (this.#compared < p2m.size) this.#differences.push(`${p2m.size - this.#compared} pages were not sent again`);
    const problems = this.#differences;
    host.tell({
      kind: 'memory-verified',
      migration,
      domain: name,
      pages: this.#compared,
      different: this.#different,
      problems,
    });
    if (problems.length === 0) return;
    const named = problems.slice(0, NAMED_IN_ERROR).join('; ');
    throw new SkewbedError(
      'memory-mismatch',
      `migration ${migration}: ${this.#different} of ${this.#compared} pages differ when sent again: ${named}`,
    );
  }

  #difference({ pfn, type, page }: PageEntry): string | null {
    const before = this.#tables.get(pfn) ?? PAGE_TYPE.NOTAB;
    if (this.#domain.p2m.mfnOf(pfn) === null) return 'it did not come before';
    if (before !== type) return `it came as ${typeName(before)}`;
    const here = savedPage(this.#host, this.#domain, pfn).page ?? ZERO_PAGE;
    const at = firstDifference(here, page);
    return at < 0 ? null : `byte ${at} is 0x${hex(here[at])} here, 0x${hex(page?.[at])} there`;
  }
}

/** Where two pages differ first, or -1; null is a page of zeros. */
function firstDifference(here: Uint8Array, there: Uint8Array | null): number {
  for (let i = 0; i < here.length; i++) if (here[i] !== (there === null ? 0 : there[i])) return i;
  return -1;
}

function typeName(type: number): string {
  return Object.entries(PAGE_TYPE).find(([, value]) => value === type)?.[0] ?? `type ${type}`;
}

const hex = (byte = 0): string => byte.toString(16).padStart(2, '0');
