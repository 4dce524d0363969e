/** Bugs of memory on its way: pages that are lost, tables that are not made local, a guest that is scribbled upon. */
import type { Patch } from '@skewbed/model/patches/patch.ts';
import { decode, encode } from '@skewbed/proto/codec.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { PAGE_TYPE, type StreamRecord } from '@skewbed/proto/records.ts';
import type { Canary } from './canary.ts';
import { wrapWorld } from './wrapped-world.ts';

export const loseDirtyPage: Canary = {
  name: 'lose-dirty-page',
  text: 'the source leaves the last page with something in it out of each batch',
  breaks: ['digest', 'memory'],
  world: (world) =>
    wrapWorld(world, { source: (source) => ({ take: (most) => source.take(most).map(withoutLastPage) }) }),
};

function withoutLastPage(record: StreamRecord): StreamRecord {
  if (record.type !== 'PAGE_DATA') return record;
  const lost = record.entries.findLastIndex(({ type, page }) => type === PAGE_TYPE.NOTAB && page !== null);
  return {
    ...record,
    entries: record.entries.map((entry, index) => (index === lost ? { ...entry, page: null } : entry)),
  };
}

export const forgetToLocalise: Canary = {
  name: 'forget-to-localise',
  text: "the target takes a guest's first L1 page table for data, so that its entries keep the numbers of the stream",
  breaks: ['digest', 'memory', 'journal'],
  world: (world) =>
    wrapWorld(world, { target: (target) => ({ apply: (at, record) => target.apply(at, tableAsData(record)) }) }),
};

function tableAsData(record: StreamRecord): StreamRecord {
  if (record.type !== 'PAGE_DATA') return record;
  const table = record.entries.findIndex(({ type }) => type === PAGE_TYPE.L1TAB);
  return {
    ...record,
    entries: record.entries.map((entry, index) => (index === table ? { ...entry, type: PAGE_TYPE.NOTAB } : entry)),
  };
}

const scribble: Patch = {
  name: 'canary-scribble',
  side: 'toolstack',
  testOnly: true,
  source: 'a deliberate bug of the chaos campaign',
  claims: 'None.',
  objections: 'It changes a page of the guest after its memory was compared.',
  restore: (base) => ({
    finish(host, domain, order) {
      base.finish(host, domain, order);
      const writer = domain.guest?.layout.free;
      if (writer === undefined) return;
      const page = domain.pageForWrite(writer);
      page[8] = (page[8] as number) ^ 1;
    },
  }),
};

export const scribbleAfterDigest: Canary = {
  name: 'scribble-after-digest',
  text: 'the target changes one bit of the guest between the comparison of memory and its start',
  breaks: ['memory'],
  patch: scribble,
};

export const countCreditTwice: Canary = {
  name: 'count-credit-twice',
  text: 'each acknowledgement gives a source two batches of credit instead of one',
  breaks: ['credit'],
  tap: (node) => {
    const sent = new Map<string, number>();
    return ({ from, path, message }) => {
      const seen = path.startsWith('/v1/streams/') ? readStream(message) : null;
      if (seen?.type === 'batch' && from === node) sent.set(seen.migration, seen.seq + 1);
      if (seen?.type !== 'ack' || from === node) return message;
      const under = sent.get(seen.migration);
      if (under === undefined) return message;
      return encode({ ...seen, seq: Math.min(2 * seen.seq + 1, under - 1) });
    };
  },
};

function readStream(message: Uint8Array): ReturnType<typeof decode> | null {
  try {
    return decode(message, 'stream');
  } catch (error) {
    if (error instanceof SkewbedError) return null;
    throw error;
  }
}
