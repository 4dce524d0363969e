/**
 * Two saves against each other, by what they mean and not by their bytes: fields of headers, shared_info, registers, TSC,
 * and pages by pfn wherever in the file they lie. Each difference says whose it is: the guest's own, the host's (frame
 * numbers, clocks, event channels, which every restore writes anew), or the file's frame around both.
 */
import { GUEST_PAGES_MIN, layoutOf } from '@skewbed/model/guest/layout.ts';
import { START_INFO } from '@skewbed/model/xen/start-info.ts';
import type { ByteInput } from '@skewbed/proto/libxc/byte-cursor.ts';
import { carriesData } from '@skewbed/proto/libxc/page-data.ts';
import { readSaveFile } from '@skewbed/proto/libxc/save-file-reader.ts';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import { type Inspection, Inspector } from './inspect.ts';
import { pageTypeName } from './page-names.ts';
import { PagePlaces } from './page-places.ts';

export type Whose = 'guest' | 'host' | 'frame';
export type Difference = {
  readonly whose: Whose;
  readonly where: string;
  readonly left: string;
  readonly right: string;
};
export type Diff = {
  /** Nothing differs but what belongs to the host. */
  readonly sameGuest: boolean;
  readonly identical: boolean;
  readonly counts: Readonly<Record<Whose, number>>;
  /** The first of them, the guest's in front. */
  readonly differences: readonly Difference[];
};

/** One of the two files: its bytes from the start, and at any offset. */
export type Side = {
  readonly input: ByteInput;
  readonly readAt: (offset: number, length: number) => Uint8Array;
};

const DIFFERENCES_MAX = 256;
type Read = { readonly view: Omit<Inspection, 'bytes' | 'problem'>; readonly places: PagePlaces; readonly side: Side };

/** Compares two sound files. Throws a SaveFileFault when one of them cannot be read. */
export function diffSaves(left: Side, right: Side): Diff {
  const found: Record<Whose, Difference[]> = { guest: [], host: [], frame: [] };
  const counts: Record<Whose, number> = { guest: 0, host: 0, frame: 0 };
  const add = (difference: Difference) => {
    counts[difference.whose]++;
    if (found[difference.whose].length < DIFFERENCES_MAX) found[difference.whose].push(difference);
  };
  const [a, b] = [read(left), read(right)];
  diffFields(a, b, add);
  diffPages(a, b, add);
  return {
    sameGuest: counts.guest === 0 && counts.frame === 0,
    identical: counts.guest + counts.frame + counts.host === 0,
    counts,
    differences: [...found.guest, ...found.frame, ...found.host].slice(0, DIFFERENCES_MAX),
  };
}

function read(side: Side): Read {
  const inspector = new Inspector();
  const places = new PagePlaces();
  for (const item of readSaveFile(side.input)) {
    inspector.take(item);
    places.take(item);
  }
  return { view: inspector.finish(), places, side };
}

/** The parts of an inspection that are compared as fields. Pages and what is counted of them are compared as pages. */
const FIELDS = [
  'xl',
  'libxl',
  'image',
  'domain',
  'guest',
  'p2m',
  'tsc',
  'sharedInfo',
  'vcpus',
  'otherRecords',
] as const;
const FRAME = /^(xl|libxl|image|domain|records)\b/;
/** What a restore or the next host writes anew (facts C.5, D.6). */
const HOST =
  /^(tsc\.|p2m\.(mapped|lowestMfn|highestMfn)|sharedInfo\.(wallclock|events|arch\.pfnToMfnFrameListList|vcpuInfo\.\d+\.(time|upcall|pendingSel)))/;

function diffFields(a: Read, b: Read, add: (difference: Difference) => void): void {
  const [left, right] = [fieldsOf(a), fieldsOf(b)];
  for (const where of new Set([...left.keys(), ...right.keys()])) {
    const [one, other] = [left.get(where) ?? 'absent', right.get(where) ?? 'absent'];
    if (one === other) continue;
    add({ whose: HOST.test(where) ? 'host' : FRAME.test(where) ? 'frame' : 'guest', where, left: one, right: other });
  }
}

function fieldsOf({ view }: Read): ReadonlyMap<string, string> {
  const records = view.records.map(({ type }) => type).filter((type) => type !== 'PAGE_DATA');
  const blobs = view.records.flatMap(({ type, vcpu, crc32 }) =>
    crc32 === undefined ? [] : [[vcpu === undefined ? type : `${type} ${vcpu}`, crc32]],
  );
  const fields = new Map<string, string>();
  const all: Readonly<Record<string, unknown>> = {
    ...view,
    records: records.join(' '),
    blobs: Object.fromEntries(blobs),
  };
  for (const name of FIELDS) flatten(name, all[name], fields);
  return fields;
}

function flatten(path: string, value: unknown, into: Map<string, string>): void {
  if (typeof value !== 'object' || value === null) {
    into.set(path, String(value));
    return;
  }
  for (const [key, each] of Object.entries(value)) flatten(`${path}.${key}`, each, into);
}

function diffPages(a: Read, b: Read, add: (difference: Difference) => void): void {
  const host = hostPages(a);
  const startInfo = a.view.startInfo?.pfn ?? null;
  const end = Math.max(a.places.end, b.places.end);
  for (let pfn = 0; pfn < end; pfn++) {
    const [one, other] = [a.places.at(pfn), b.places.at(pfn)];
    if (one === null && other === null) continue;
    if (one === null || other === null || one.type !== other.type) {
      const name = (place: typeof one) => (place === null ? 'absent' : pageTypeName(place.type));
      add({ whose: 'guest', where: `page ${pfn}, type`, left: name(one), right: name(other) });
      continue;
    }
    if (!carriesData(one.type)) continue;
    const left = a.side.readAt(one.offset, PAGE_SIZE);
    const right = b.side.readAt(other.offset, PAGE_SIZE);
    const span = spanOf(left, right);
    if (span === null) continue;
    const resumeFields = pfn === startInfo && span.first >= START_INFO.sharedInfo && span.last < START_INFO.ptBase;
    const whose = host.has(pfn) || resumeFields ? 'host' : 'guest';
    const what = host.has(pfn) ? ' (p2m)' : pfn === startInfo ? ' (start_info)' : '';
    const where = `page ${pfn}${what}, ${span.count} bytes from ${span.first} to ${span.last}`;
    add({ whose, where, left: bytesText(left, span.first), right: bytesText(right, span.first) });
  }
}

/** Pages that hold frame numbers of the host: the p2m's leaves, and of a guest of ours also what leads to them. */
function hostPages({ view }: Read): ReadonlySet<number> {
  const { p2m, skewbed } = view;
  if (p2m === null) return new Set();
  if (skewbed === null || skewbed.pages < GUEST_PAGES_MIN) return new Set(p2m.frames);
  const { p2mTop, p2mMid, p2mLeaves } = layoutOf(p2m.endPfn + 1);
  return new Set([p2mTop, ...p2mMid, ...p2mLeaves]);
}

function spanOf(left: Uint8Array, right: Uint8Array): { first: number; last: number; count: number } | null {
  let [first, last, count] = [-1, -1, 0];
  for (let at = 0; at < PAGE_SIZE; at++) {
    if (left[at] === right[at]) continue;
    if (first < 0) first = at;
    last = at;
    count++;
  }
  return count === 0 ? null : { first, last, count };
}

const bytesText = (page: Uint8Array, from: number): string =>
  Array.from(page.subarray(from, from + 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
