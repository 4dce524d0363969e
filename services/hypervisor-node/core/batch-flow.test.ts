/** How a source counts its batches: credit, what it keeps for a stream that comes back, and its bandwidth. */
import { BATCH_PAGES_MAX, STREAM_CREDIT_BATCHES } from '@skewbed/proto/limits.ts';
import { NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { BatchFlow, type Keeping } from './batch-flow.ts';

const START = trueNs(0n);
const broken = expect.objectContaining({ code: 'stream-broken' });

/** So many batches of one byte each, which is the batch's number. */
function flowOf(batches: number, keeping: Keeping = 'until-acknowledged'): BatchFlow {
  const flow = new BatchFlow('m', { keeping, bandwidth: null });
  for (let seq = 0; seq < batches; seq++) flow.sent(Uint8Array.of(seq), START);
  return flow;
}
const numbers = (messages: readonly Uint8Array[]) => messages.map(([seq]) => seq);

describe('the credit', () => {
  it('is used up by batches and given back by acknowledgements, one of which may stand for several', () => {
    const flow = flowOf(STREAM_CREDIT_BATCHES);
    expect(flow.hasCredit).toBe(false);
    flow.acknowledge(2);
    expect(flow.hasCredit).toBe(true);
    expect(flow.settled).toBe(false);
    flow.acknowledge(STREAM_CREDIT_BATCHES - 1);
    expect(flow.settled).toBe(true);
  });

  it('is not given back twice, nor for what was not sent', () => {
    const flow = flowOf(3);
    flow.acknowledge(1);
    expect(() => flow.acknowledge(1)).toThrow(broken);
    expect(() => flow.acknowledge(3)).toThrow(broken);
  });
});

it('keeps a 32nd of a guest that runs, 4 MiB at the least, and no more than whole batches', () => {
  const flow = new BatchFlow('m', { keeping: 'until-acknowledged', bandwidth: null });
  const keptOf = (pages: number) => {
    flow.guestHas(pages);
    return Math.min(pages, STREAM_CREDIT_BATCHES * flow.pagesPerBatch);
  };
  expect([256, 2048, 16_384, 131_072, 262_144, 1_048_576].map(keptOf)).toEqual([256, 2048, 1024, 4096, 8192, 8192]);
  flow.guestHas(16_384);
  flow.limit(2 ** 40);
  expect(flow.pagesPerBatch).toBe(128);
  flow.lastPass();
  expect(flow.pagesPerBatch).toBe(BATCH_PAGES_MAX);
});

describe('a stream that comes back', () => {
  it('is sent what the target has not applied, whether or not its last acknowledgements had come', () => {
    expect(numbers(flowOf(5).resumeFrom(0))).toEqual([0, 1, 2, 3, 4]);
    const flow = flowOf(5);
    flow.acknowledge(1);
    expect(numbers(flow.resumeFrom(3))).toEqual([3, 4]);
    expect(flow.settled).toBe(false);
    expect(numbers(flow.resumeFrom(5))).toEqual([]);
    expect(flow.settled).toBe(true);
  });

  it('cannot go back behind what was acknowledged, nor ahead of what was sent', () => {
    const flow = flowOf(5);
    flow.acknowledge(2);
    expect(() => flow.resumeFrom(2)).toThrow(broken);
    expect(() => flow.resumeFrom(6)).toThrow(broken);
  });

  it('cannot come back once the guest stands still', () => {
    const flow = flowOf(5);
    flow.lastPass();
    expect(() => flow.resumeFrom(3)).toThrow(broken);
    expect(() => flowOf(5, 'nothing').resumeFrom(0)).toThrow(broken);
  });
});

describe('a bandwidth', () => {
  it('makes the next batch wait as long as the last one takes at it, and idle time is not saved up', () => {
    const flow = new BatchFlow('m', { keeping: 'nothing', bandwidth: 1_000_000 });
    expect(flow.mayGoAt(START)).toBeNull();
    flow.sent(new Uint8Array(500_000), START);
    expect(flow.mayGoAt(START)).toBe(NS_PER_S / 2n);
    const later = trueNs(10n * NS_PER_S);
    expect(flow.mayGoAt(later)).toBeNull();
    flow.sent(new Uint8Array(1_000_000), later);
    expect(flow.mayGoAt(later)).toBe(11n * NS_PER_S);
  });

  it('is kept in small batches, and lifted for the last pass', () => {
    const flow = new BatchFlow('m', { keeping: 'until-acknowledged', bandwidth: 1_000_000 });
    expect(flow.pagesPerBatch).toBe(24);
    flow.sent(new Uint8Array(1_000_000), START);
    flow.lastPass();
    expect(flow.mayGoAt(START)).toBeNull();
    expect(flow.pagesPerBatch).toBe(1024);
  });
});

describe('memory for messages', () => {
  const LONG = 100_000;
  const sent = (flow: BatchFlow, bytes = LONG): Uint8Array => {
    const message = flow.room(bytes);
    flow.sent(message, START);
    return message;
  };

  it('is that of messages which are acknowledged, and never of one that may have to be sent again', () => {
    const flow = new BatchFlow('m', { keeping: 'until-acknowledged', bandwidth: null });
    const [first, second] = [sent(flow), sent(flow)];
    expect(second.buffer).not.toBe(first.buffer);
    flow.acknowledge(0);
    const third = sent(flow, LONG + 1000);
    expect(third.buffer).toBe(first.buffer);
    expect(third.length).toBe(LONG + 1000);
    expect(sent(flow).buffer).not.toBe(second.buffer);
    expect(flow.resumeFrom(1)).toEqual([second, third, expect.anything()]);
  });

  it('is no longer than a message needs it, and given back when the guest stands still', () => {
    const flow = new BatchFlow('m', { keeping: 'until-acknowledged', bandwidth: null });
    const { buffer } = sent(flow);
    flow.acknowledge(0);
    expect(flow.room(10 * LONG).buffer).not.toBe(buffer);
    flow.lastPass();
    expect(flow.room(LONG).buffer).not.toBe(buffer);
  });
});
