import { decode, encode } from '@skewbed/proto/codec.ts';
import type { Message } from '@skewbed/proto/control/registry.ts';
import type { SkewbedError } from '@skewbed/proto/errors.ts';
import { STREAM_CREDIT_BATCHES } from '@skewbed/proto/limits.ts';
import { encodeBatch } from '@skewbed/proto/wire-records.ts';
import type { Channel, ChannelHandler } from '@skewbed/runtime/ports/network.ts';
import { describe, expect, it } from 'vitest';
import { StreamRelay } from './stream-relay.ts';

/** One end of a stream, as the relay sees it. */
class FakeEnd implements Channel {
  readonly queuedBytes = 0;
  readonly sent: Message[] = [];
  closedWith: number | null = null;
  #handler: ChannelHandler | null = null;

  send(message: Uint8Array): void {
    this.sent.push(decode(message.slice(), 'stream'));
  }

  sendParts({ parts }: { readonly parts: readonly Uint8Array[] }): void {
    this.send(Buffer.concat(parts));
  }

  close(code: number): void {
    this.closedWith = code;
  }

  handle(handler: ChannelHandler): void {
    this.#handler = handler;
  }

  says(message: Uint8Array | Message): void {
    this.#handler?.message(message instanceof Uint8Array ? message : encode(message));
  }

  breaks(): void {
    this.#handler?.closed(1006, '');
  }
}

function relay() {
  const errors: SkewbedError[] = [];
  const digests: string[] = [];
  const it = new StreamRelay('m', {
    progress: () => {},
    digest: ({ side }) => digests.push(side),
    told: () => {},
    failed: (error) => errors.push(error),
  });
  const source = new FakeEnd();
  const target = new FakeEnd();
  it.attachTarget(target);
  it.attachSource(source);
  return { relay: it, source, target, errors, digests };
}

const batch = (seq: number, migration = 'm') => encodeBatch({ migration, seq }, [{ type: 'END' }], () => 0n);
const ack = (seq: number): Message => ({ type: 'ack', migration: 'm', seq });
const digest = (side: 'source' | 'target'): Message => ({
  type: 'digest',
  migration: 'm',
  epoch: 1,
  side,
  sha256: 'a'.repeat(64),
  pages: 1,
});

describe('the relay of a stream', () => {
  it('carries batches forward and acknowledgements back, and keeps digests', () => {
    const { source, target, errors, digests } = relay();
    source.says(batch(0));
    target.says(ack(0));
    source.says(digest('source'));
    target.says(digest('target'));
    expect(target.sent.map(({ type }) => type)).toEqual(['batch']);
    expect(source.sent).toEqual([ack(0)]);
    expect(digests).toEqual(['source', 'target']);
    expect(errors).toEqual([]);
  });

  const wrongs: [string, (ends: ReturnType<typeof relay>) => void, string, string][] = [
    ['a batch too early', ({ source }) => source.says(batch(1)), 'stream-broken', 'batch 0 is due'],
    ['a batch of another migration', ({ source }) => source.says(batch(0, 'n')), 'stream-broken', 'another migration'],
    [
      'more batches than the credit',
      ({ source }) => {
        for (let seq = 0; seq <= STREAM_CREDIT_BATCHES; seq++) source.says(batch(seq));
      },
      'stream-broken',
      'beyond the credit',
    ],
    [
      'an acknowledgement of what was never sent',
      ({ target }) => target.says(ack(0)),
      'stream-broken',
      'was acknowledged',
    ],
    [
      'an acknowledgement twice',
      ({ source, target }) => {
        source.says(batch(0));
        target.says(ack(0));
        target.says(ack(0));
      },
      'stream-broken',
      'was acknowledged',
    ],
    [
      'a batch from the target',
      ({ target }) => target.says(batch(0)),
      'wrong-role',
      "the target sent the source's 'batch'",
    ],
    [
      "the source's digest from the target",
      ({ target }) => target.says(digest('source')),
      'wrong-role',
      "the source's 'digest'",
    ],
    ['bytes that are no message', ({ source }) => source.says(new Uint8Array([0xc1])), 'bad-message', '0xc1'],
    [
      'a source that cannot go on',
      ({ source }) =>
        source.says({
          type: 'stream-failed',
          migration: 'm',
          epoch: 1,
          side: 'source',
          code: 'out-of-memory',
          message: 'no frames',
        }),
      'out-of-memory',
      'no frames',
    ],
    ['a link that breaks before the vote', ({ target }) => target.breaks(), 'link-lost', "the target's stream closed"],
  ];

  it.each(wrongs)('ends, once, and closes both ends, at %s', (_what, act, code, message) => {
    const ends = relay();
    act(ends);
    ends.source.says(batch(0));
    expect(ends.errors).toMatchObject([{ code, message: expect.stringContaining(message) }]);
    // Who did nothing wrong may dial again.
    const closed = code === 'link-lost' ? 1001 : 4400;
    expect([ends.source.closedWith, ends.target.closedWith]).toEqual([closed, closed]);
  });

  it('does not need an end that has voted', () => {
    const { source, target, errors } = relay();
    source.says(digest('source'));
    source.breaks();
    target.says(digest('target'));
    expect(errors).toEqual([]);
  });
});
