import { encode } from '@skewbed/proto/codec.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { encodeBatch } from '@skewbed/proto/wire-records.ts';
import { checksums } from '@skewbed/runtime/checksum.ts';
import { describe, expect, it } from 'vitest';
import type { Watcher } from './bed-link.ts';
import { watchStreams } from './stream-watch.ts';

const sum = checksums.named('crc32');
const batch = (seq: number): Uint8Array => encodeBatch({ migration: 'm1', seq }, [{ type: 'STATIC_DATA_END' }], sum.of);
const ack = (seq: number): Uint8Array => encode({ type: 'ack', migration: 'm1', seq });

/** A watched stream: messages pass it, and it says how many batches there were under way at most. */
function watched() {
  const told: HistoryEvent[] = [];
  let watcher: Watcher = () => true;
  const link = {
    watch(asked: Watcher) {
      watcher = asked;
      return () => {};
    },
  };
  watchStreams(link, { node: 'node-a', now: () => trueNs(1n) }, (event) => told.push(event));
  const pass = (from: string, end: object, messages: readonly Uint8Array[]): void => {
    for (const message of messages) watcher({ from, path: '/v1/streams/m1', message, end });
  };
  const most = (): number => Math.max(0, ...told.map((event) => ('detail' in event ? Number(event.detail) : 0)));
  return { pass, most };
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('batches under way', () => {
  it('are those that left the source, less those that were acknowledged', () => {
    const { pass, most } = watched();
    const end = {};
    pass('node-a', end, numbers(0, 3).map(batch));
    pass('coordinator', {}, numbers(0, 2).map(ack));
    pass('node-a', end, numbers(4, 5).map(batch));
    expect(most()).toBe(4);
  });

  it('do not count those whose acknowledgement was lost with the link, when the stream is resumed behind them', () => {
    const { pass, most } = watched();
    pass('node-a', {}, numbers(0, 7).map(batch));
    // The target has applied all eight; nobody hears it. It dials again and asks for batch 8.
    pass('node-a', {}, numbers(8, 15).map(batch));
    expect(most()).toBe(8);
  });

  it('count what is sent again as what it was', () => {
    const { pass, most } = watched();
    pass('node-a', {}, numbers(0, 7).map(batch));
    pass('node-a', {}, numbers(3, 10).map(batch));
    expect(most()).toBe(8);
  });

  it('show a source that goes beyond its credit on the connection that it has', () => {
    const { pass, most } = watched();
    const end = {};
    pass('node-a', end, numbers(0, 7).map(batch));
    pass('node-a', end, [batch(8)]);
    expect(most()).toBe(9);
  });
});
