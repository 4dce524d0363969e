/**
 * Streams that a bad source sends, or that a link spoils: each ends with an error that says what is wrong, whichever way
 * the stream goes and whether the guest runs meanwhile. The guest goes on at home, and the target keeps nothing of it.
 */
import { decode } from '@skewbed/proto/codec.ts';
import { STREAM_CREDIT_BATCHES } from '@skewbed/proto/limits.ts';
import type { StreamRecord } from '@skewbed/proto/records.ts';
import { encodeBatch, openBatch } from '@skewbed/proto/wire-records.ts';
import { checksums } from '@skewbed/runtime/checksum.ts';
import { describe, expect, it } from 'vitest';
import { awayFromHome, WAYS } from './guest-at-home.ts';
import { LiveStage, liveMove } from './live-move.ts';
import { hostConfig } from './move.ts';

type Spoil = (message: Uint8Array) => Uint8Array | readonly Uint8Array[];

const checksum = checksums.named(checksums.names[0] as string);

/** A batch whose records are others, with a checksum that fits: a source that means it. */
const withRecords =
  (change: (records: StreamRecord[]) => StreamRecord[]): Spoil =>
  (message) => {
    const batch = decode(message, 'stream');
    if (batch.type !== 'batch') throw new Error(`a batch was to be spoilt, not ${batch.type}`);
    const records = openBatch(batch, message, checksum.of);
    return encodeBatch({ migration: batch.migration, seq: batch.seq }, change(records), checksum.of);
  };

const overdrawn: Spoil = (message) => {
  const batch = decode(message, 'stream');
  if (batch.type !== 'batch') throw new Error(`a batch was to be spoilt, not ${batch.type}`);
  const small: StreamRecord[] = [{ type: 'PAGE_DATA', entries: [{ pfn: 1000, type: 0, page: null }] }];
  const more = Array.from({ length: STREAM_CREDIT_BATCHES + 2 }, (_, index) =>
    encodeBatch({ migration: batch.migration, seq: index + 1 }, small, checksum.of),
  );
  return [message, ...more];
};

const flipped: Spoil = (message) => {
  const changed = message.slice();
  changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 0x10;
  return changed;
};

const unknown = { type: 'X86_PV_SURPRISE' } as unknown as StreamRecord;

type Says = RegExp | { readonly relayed: RegExp; readonly direct: RegExp };

const SPOILT: readonly (readonly [what: string, spoil: Spoil, code: string, says: Says])[] = [
  ['an unknown record', withRecords((records) => [unknown, ...records]), 'bad-message', /SURPRISE|type/],
  [
    'a second X86_PV_INFO',
    withRecords((records) => [records[0] as StreamRecord, ...records]),
    'bad-stream',
    /X86_PV_INFO comes twice/,
  ],
  [
    'a pfn beyond the guest',
    withRecords((records) =>
      records.map((record) =>
        record.type === 'PAGE_DATA' ? { ...record, entries: [{ pfn: 4096, type: 0, page: null }] } : record,
      ),
    ),
    'bad-stream',
    /pfn 4096/,
  ],
  [
    'a p2m list that leads back to itself',
    withRecords((records) =>
      records.map((record) =>
        record.type === 'X86_PV_P2M_FRAMES' ? { ...record, frames: record.frames.map(() => 4) } : record,
      ),
    ),
    'bad-stream',
    /p2m/i,
  ],
  ['a batch that stops in its middle', (message) => message.slice(0, message.length >> 1), 'bad-message', /truncated/],
  ['a bit that fell over', flipped, 'stream-broken', /checksum/],
  // A relay counts them. A target has applied and acknowledged each before it reads the next, so that nothing is beyond
  // the credit there. The true second batch then comes when its number is over, and where the source had sent no more
  // than that, it is acknowledged more than it has sent.
  [
    'more batches than the credit allows',
    overdrawn,
    'stream-broken',
    { relayed: /beyond the credit/, direct: /came, batch 11 is due|is acknowledged; due are/ },
  ],
];

describe.each(WAYS)('%s', (_way, transfer) => {
  it.each(SPOILT)('%s is refused with its name', (_what, spoil, code, says) => {
    const stage = new LiveStage();
    let spoilt = false;
    for (const other of ['coordinator', 'b']) {
      stage.simulation.link('a', other).tap = ({ from, path, message }) => {
        const isFirst = !spoilt && from === 'a' && path.startsWith('/v1/streams/') && isBatch(message);
        if (!isFirst) return message;
        spoilt = true;
        return spoil(message.slice());
      };
    }
    const outcome = stage.outcomeOf('coordinator', liveMove(transfer));
    expect(spoilt).toBe(true);
    const message = says instanceof RegExp ? says : says[transfer.via === 'direct' ? 'direct' : 'relayed'];
    expect(outcome).toMatchObject({ ok: false, error: { code, message: expect.stringMatching(message) } });
    expect(awayFromHome(stage)).toEqual([]);
  });

  it('a target without enough memory says so', () => {
    const stage = new LiveStage();
    stage.ask('b', { command: 'configure-host', config: { ...hostConfig('b'), frames: 2048 } });
    expect(stage.outcomeOf('coordinator', liveMove(transfer))).toMatchObject({
      ok: false,
      error: { code: 'out-of-memory', message: expect.stringContaining('2048 free frames') },
    });
    expect(awayFromHome(stage)).toEqual([]);
  });

  it('canary: the same stream, unspoilt, arrives', () => {
    const stage = new LiveStage();
    expect(stage.outcomeOf('coordinator', liveMove(transfer))).toMatchObject({ ok: true });
  });
});

function isBatch(message: Uint8Array): boolean {
  try {
    return decode(message, 'stream').type === 'batch';
  } catch {
    return false;
  }
}
