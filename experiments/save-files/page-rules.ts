/**
 * What the pages of a PV save file have to be (facts D.4 to D.7): every pfn of the guest once or more, none beyond it; p2m
 * frames plain pages; page tables whose present entries name pages of the guest, each of the level below, with no
 * superpage and nothing in Xen's own slots. Bytes of tables are looked at as they pass; nothing of them is kept but one
 * mark a page.
 * Left out: the entries of 32-bit guests' tables (3 levels), which are counted and not followed.
 */
import { flagsAt, frameAt, PTE } from '@skewbed/model/memory/page-table-entry.ts';
import { type Level, levelOf, XEN_SLOTS } from '@skewbed/model/memory/page-tables.ts';
import { carriesData } from '@skewbed/proto/libxc/page-data.ts';
import type { PlacedItem } from '@skewbed/proto/libxc/save-item.ts';
import { type FileRecord, PAGE_SIZE, PAGE_TYPE, type PageEntry } from '@skewbed/proto/records.ts';
import { pageTypeName } from './page-names.ts';
import { PfnMarks } from './pfn-marks.ts';
import type { Problem, Problems } from './problem.ts';

const ENTRIES = 512;
const RECORD_HEADER = 8;
/** A pfn's mark: its type and this, so that a page of type 0 is marked too. */
const SEEN = 0x10;
const MISSING_NAMED = 8;
/** "xen-" in front of start_info's page. */
const START_INFO_MARK = [0x78, 0x65, 0x6e, 0x2d];
const START_INFO_CANDIDATES = 64;

export class PageRules {
  readonly #problems: Problems;
  /** Problems of tables against each other, which a page that comes again makes undecidable. */
  readonly #links: Problem[] = [];
  readonly #marks = new PfnMarks();
  /** Level which a table demanded of a page that had not come yet. */
  readonly #demands = new PfnMarks();
  readonly #startInfo = new Set<number>();
  #wide = true;
  #frames: Extract<FileRecord, { type: 'X86_PV_P2M_FRAMES' }> | null = null;
  #verifying = false;
  #repeated = 0;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Pages that came more than once, as in a stream that was sent live. */
  get repeated(): number {
    return this.#repeated;
  }

  /** How many pages the guest has, null before that is known. */
  get pages(): number | null {
    return this.#frames === null ? null : this.#frames.endPfn + 1;
  }

  /** The type that a page came with, null when it did not come. */
  typeOf(pfn: number): number | null {
    const mark = this.#marks.get(pfn);
    return mark === 0 ? null : mark & 0xf;
  }

  /** Whether the page begins as start_info does. */
  mayBeStartInfo(pfn: number): boolean {
    return this.#startInfo.has(pfn);
  }

  take(item: PlacedItem): void {
    if (item.kind !== 'record') return;
    const { record, offset } = item;
    if (record.type === 'X86_PV_INFO') this.#wide = record.guestWidth === 8;
    if (record.type === 'X86_PV_P2M_FRAMES') this.#p2m(record, offset);
    if (record.type === 'VERIFY') this.#verifying = true;
    if (record.type === 'PAGE_DATA') this.#pages(record.entries, offset);
    if (record.type === 'END') this.#end(offset);
  }

  #p2m(record: Extract<FileRecord, { type: 'X86_PV_P2M_FRAMES' }>, offset: number): void {
    const perFrame = PAGE_SIZE / (this.#wide ? 8 : 4);
    const { startPfn, endPfn, frames } = record;
    const bad = (reason: string) => this.#problems.add(offset, record.type, reason);
    if (startPfn !== 0) bad(`it begins at pfn ${startPfn}; a save begins at 0`);
    const due = Math.floor(endPfn / perFrame) - Math.floor(startPfn / perFrame) + 1;
    if (frames.length !== due) bad(`it names ${frames.length} p2m frames; pfn ${startPfn} to ${endPfn} need ${due}`);
    const again = frames.find((pfn, index) => frames.indexOf(pfn) < index && frames.length <= ENTRIES);
    if (again !== undefined) bad(`it names pfn ${again} twice; each part of the p2m has its own page`);
    this.#frames = record;
  }

  #pages(entries: readonly PageEntry[], offset: number): void {
    let data = offset + RECORD_HEADER + 8 + 8 * entries.length;
    const inRecord = new Set<number>();
    entries.forEach((entry, index) => {
      const word = offset + RECORD_HEADER + 8 + 8 * index;
      const { pfn, type } = entry;
      if (inRecord.has(pfn)) this.#bad(word, `pfn ${pfn} comes twice in one record`);
      inRecord.add(pfn);
      this.#page(entry, { word, data });
      if (carriesData(type)) data += PAGE_SIZE;
    });
  }

  #page(entry: PageEntry, at: { readonly word: number; readonly data: number }): void {
    const { pfn, type, page } = entry;
    if (this.#frames !== null && pfn > this.#frames.endPfn) {
      this.#bad(at.word, `pfn ${pfn} is beyond the guest, which ends at pfn ${this.#frames.endPfn}`);
      return;
    }
    const before = this.typeOf(pfn);
    if (this.#verifying) {
      if (before === null) this.#bad(at.word, `pfn ${pfn} is to be compared, and did not come before`);
      return;
    }
    if (before !== null) this.#repeated++;
    this.#marks.set(pfn, SEEN | type);
    const demanded = this.#demands.get(pfn);
    if (demanded !== 0 && levelOf(type) !== demanded) {
      this.#link(
        at.word,
        `pfn ${pfn} comes as ${pageTypeName(type)}; a table that came before names it as an L${demanded} table`,
      );
    }
    if (page === null) return;
    if (START_INFO_MARK.every((byte, index) => page[index] === byte) && this.#startInfo.size < START_INFO_CANDIDATES) {
      this.#startInfo.add(pfn);
    }
    const level = levelOf(type);
    if (level > 0 && this.#wide) this.#table(page, { pfn, level: level as Level, offset: at.data });
  }

  #table(page: Uint8Array, table: { readonly pfn: number; readonly level: Level; readonly offset: number }): void {
    const view = new DataView(page.buffer, page.byteOffset, PAGE_SIZE);
    const { level } = table;
    for (let slot = 0; slot < ENTRIES; slot++) {
      const flags = flagsAt(view, slot);
      const offset = table.offset + 8 * slot;
      const bad = (reason: string) => this.#bad(offset, `pfn ${table.pfn}, L${level} table, entry ${slot}: ${reason}`);
      if (level === 4 && slot >= XEN_SLOTS.first && slot <= XEN_SLOTS.last) {
        if (view.getBigUint64(slot * 8) !== 0n) bad("the slot is Xen's, and holds something");
        continue;
      }
      if ((flags & PTE.present) === 0) continue;
      if (level > 1 && (flags & PTE.pse) !== 0) bad('a superpage, which a PV guest cannot take along');
      const child = frameAt(view, slot);
      if (this.#frames !== null && child > this.#frames.endPfn) {
        bad(`pfn ${child} is beyond the guest, which ends at pfn ${this.#frames.endPfn}`);
      } else if (level > 1) {
        this.#child(child, { level: level - 1, offset, of: table });
      }
    }
  }

  #child(
    child: number,
    {
      level,
      offset,
      of,
    }: { readonly level: number; readonly offset: number; readonly of: { pfn: number; level: Level } },
  ): void {
    const type = this.typeOf(child);
    if (type === null) {
      const demanded = this.#demands.get(child);
      this.#demands.set(child, level);
      if (demanded !== 0 && demanded !== level) {
        const as = `names pfn ${child} as an L${level} table, and another as an L${demanded} table`;
        this.#link(offset, `pfn ${of.pfn}, L${of.level} table, ${as}`);
      }
    }
    // A table may name itself, as Linux's and BSD's linear page tables do.
    else if (levelOf(type) !== level && child !== of.pfn) {
      this.#link(
        offset,
        `pfn ${of.pfn}, L${of.level} table, names pfn ${child} as an L${level} table; it came as ${pageTypeName(type)}`,
      );
    }
  }

  #end(offset: number): void {
    const frames = this.#frames;
    if (frames === null) return;
    if (this.#repeated === 0) for (const each of this.#links) this.#problems.add(each.offset, each.record, each.reason);
    for (const pfn of frames.frames) {
      const type = this.typeOf(pfn);
      if (type !== null && type !== PAGE_TYPE.NOTAB) {
        this.#problems.add(
          offset,
          'END',
          `p2m frame pfn ${pfn} came as ${pageTypeName(type)}; it has to be a plain page`,
        );
      }
    }
    let missing = 0;
    const first: number[] = [];
    for (let pfn = 0; pfn <= frames.endPfn; pfn++) {
      if (this.typeOf(pfn) !== null) continue;
      missing++;
      if (first.length < MISSING_NAMED) first.push(pfn);
    }
    if (missing > 0) {
      const names = `pfn ${first.join(', ')}${missing > first.length ? ', ...' : ''}`;
      this.#problems.add(offset, 'END', `${missing} of ${frames.endPfn + 1} pages did not come: ${names}`);
    }
  }

  #bad(offset: number, reason: string): void {
    this.#problems.add(offset, 'PAGE_DATA', reason);
  }

  #link(offset: number, reason: string): void {
    if (this.#links.length < MISSING_NAMED) this.#links.push({ offset, record: 'PAGE_DATA', reason });
  }
}
