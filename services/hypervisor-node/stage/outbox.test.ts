import { decode } from '@skewbed/proto/codec.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { EVENTS_PER_MESSAGE_MAX, EVENTS_WAITING_MAX } from '@skewbed/proto/limits.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { Simulation } from '@skewbed/runtime/sim/simulation.ts';
import { describe, expect, it } from 'vitest';
import { Outbox } from '../core/outbox.ts';

const line = (at: number, text = ''): HistoryEvent => ({
  at: trueNs(BigInt(at)),
  kind: 'console',
  domain: 'd',
  line: text,
  times: 1n,
});
const lines = (count: number, text = '') => Array.from({ length: count }, (_, at) => line(at, text));

function outbox() {
  const simulation = new Simulation({ seed: 1 });
  const messages: HistoryEvent[][] = [];
  const box = new Outbox(simulation.process('a'), () => 'a');
  const take = (bytes: Uint8Array) => {
    const message = decode(bytes, 'control');
    if (message.type === 'event') messages.push([...message.events]);
  };
  return { simulation, box, messages, take, all: () => messages.flat() };
}

describe('events on their way to the coordinator', () => {
  it('are gathered for a moment and sent together', () => {
    const { simulation, box, messages, take } = outbox();
    box.connect(take);
    box.add([line(1)]);
    box.add([line(2)]);
    expect(messages).toEqual([]);
    simulation.run();
    expect(messages).toEqual([[line(1), line(2)]]);
  });

  it('leave at once when somebody waits for them', () => {
    const { box, take, all } = outbox();
    box.connect(take);
    box.add([line(1)]);
    box.flush();
    expect(all()).toEqual([line(1)]);
  });

  it('wait while there is no coordinator, and keep their order', () => {
    const { simulation, box, take, all } = outbox();
    box.add(lines(3));
    simulation.run();
    box.connect(take);
    expect(all()).toEqual(lines(3));
  });

  it('are split where a message would be too large', () => {
    const { box, messages, take, all } = outbox();
    box.add(lines(EVENTS_PER_MESSAGE_MAX, 'x'.repeat(4000)));
    box.connect(take);
    expect(messages.length).toBeGreaterThan(3);
    expect(all()).toHaveLength(EVENTS_PER_MESSAGE_MAX);
  });

  it('are not lost because one of them cannot travel; that one is named', () => {
    const { box, take, all } = outbox();
    box.add([line(1), line(2, 'x'.repeat(100_000)), line(3)]);
    box.connect(take);
    expect(all().map(({ kind }) => kind)).toEqual(['console', 'failure', 'console']);
    expect(all()[1]).toMatchObject({ host: 'a', message: expect.stringContaining("'console' cannot travel") });
  });

  it('are dropped, the oldest first, when far too many wait; the history then says so', () => {
    const { box, take, all } = outbox();
    box.add(lines(EVENTS_WAITING_MAX + 7));
    box.connect(take);
    expect(all()[0]).toMatchObject({ kind: 'failure', message: expect.stringContaining('7 events were dropped') });
    expect(all()[1]).toEqual(line(7));
  });
});
