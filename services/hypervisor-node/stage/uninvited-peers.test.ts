/**
 * Peers that have no right to what they ask for: the token is wrong, the epoch is another, the guest is being moved, the
 * name is taken. Each is refused by name. Where that ends a migration the guest goes on at home; where it need not, the
 * migration goes on.
 */

import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { decode, encode } from '@skewbed/proto/codec.ts';
import type { Message } from '@skewbed/proto/control/registry.ts';
import type { Network } from '@skewbed/runtime/ports/network.ts';
import { describe, expect, it } from 'vitest';
import { awayFromHome, WAYS } from './guest-at-home.ts';
import { LiveStage, liveMove } from './live-move.ts';

/** A network that takes no stream, as one whose token is another. */
const guarded = <P extends { readonly network: Network }>(ports: P): P => ({
  ...ports,
  network: {
    dial: (...to) => ports.network.dial(...to),
    dialStream: (...to) => ports.network.dialStream(...to),
    accept: (take) =>
      ports.network.accept((path, query, channel) => {
        if (path.startsWith('/v1/streams/')) channel.close(CLOSE_CODE.BAD_TOKEN, 'HTTP 401, bad-token');
        else take(path, query, channel);
      }),
  },
});

/** A stage on which this message carries the epoch before. */
function stageWithOldEpoch(which: (message: Message) => boolean): { stage: LiveStage; changed: () => number } {
  const stage = new LiveStage();
  // There has to be one before.
  stage.restartCoordinator();
  let changed = 0;
  for (const [one, other] of [
    ['a', 'coordinator'],
    ['b', 'coordinator'],
    ['a', 'b'],
  ] as const) {
    stage.simulation.link(one, other).tap = ({ path, message: bytes }) => {
      const message = read(bytes, path);
      if (message === null || !which(message)) return bytes;
      changed += 1;
      if (message.type !== 'request') return encode({ ...message, epoch: 1 } as Message);
      return encode({ ...message, command: { ...message.command, epoch: 1 } } as Message);
    };
  }
  return { stage, changed: () => changed };
}

function read(bytes: Uint8Array, path: string): Message | null {
  try {
    return decode(bytes.slice(), path === '/v1/control' ? 'control' : 'stream');
  } catch {
    return null;
  }
}

const order = (name: string) => (message: Message) => message.type === 'request' && message.command.command === name;

const OLD: readonly (readonly [what: string, which: (message: Message) => boolean])[] = [
  ['the order to the source', order('migration-prepare-source')],
  ['the order to the target', order('migration-prepare-target')],
  ["the source's vote", (message) => message.type === 'digest' && message.side === 'source'],
  ["the target's vote", (message) => message.type === 'digest' && message.side === 'target'],
];

describe.each(WAYS)('%s', (_way, transfer) => {
  it('a coordinator and a target whose token the source refuses: bad-token', () => {
    const stage = new LiveStage([{}], { nodePorts: (ports, name) => (name === 'a' ? guarded(ports) : ports) });
    expect(stage.outcomeOf('coordinator', liveMove(transfer))).toMatchObject({
      ok: false,
      error: { code: 'bad-token', message: expect.stringContaining('guest goes on on a') },
    });
    expect(awayFromHome(stage)).toEqual([]);
  });

  it('a target whose token the coordinator refuses: bad-token there, and nobody waits for it for ever', () => {
    const stage = new LiveStage([{}], { coordinatorPorts: guarded });
    expect(stage.outcomeOf('coordinator', liveMove(transfer))).toMatchObject({
      ok: false,
      error: { code: 'timed-out', message: expect.stringContaining('the stream of the target did not open') },
    });
    const aborted = stage.eventsOf('migration').find(({ phase, host }) => host === 'b' && phase === 'target aborted');
    expect(aborted?.detail).toContain('bad-token');
    expect(awayFromHome(stage)).toEqual([]);
  });

  it.each(OLD)('%s of the epoch before: stale-epoch', (_what, which) => {
    const { stage, changed } = stageWithOldEpoch(which);
    const outcome = stage.outcomeOf('coordinator', liveMove(transfer));
    expect(changed()).toBeGreaterThan(0);
    expect(outcome).toMatchObject({ ok: false, error: { code: 'stale-epoch' } });
    expect(awayFromHome(stage)).toEqual([]);
  });

  it('canary: nothing changed, the same migration arrives', () => {
    const { stage, changed } = stageWithOldEpoch(() => false);
    expect(stage.outcomeOf('coordinator', liveMove(transfer))).toMatchObject({ ok: true });
    expect(changed()).toBe(0);
  });

  it('strangers at its stream sockets are refused, each by name, and it goes on', () => {
    const stage = new LiveStage();
    const asked = stage.start('coordinator', liveMove(transfer));
    stage.simulation.run({ done: () => stage.coordinator.migrations()[0]?.phase === 'streaming' });
    const strangers = [
      ['coordinator', '/v1/streams/m1?node=b&epoch=7', 4409, /stale-epoch/],
      ['coordinator', '/v1/streams/m1?node=c&epoch=1', 4409, /takes no stream of 'c'/],
      ['coordinator', '/v1/streams/m1?node=b&epoch=1', 4409, /takes no stream now/],
      ['coordinator', '/v1/streams/m9?node=b&epoch=1', 4404, /no migration/],
      ['a', '/v1/streams/m1?epoch=7', 4409, /stale-epoch/],
      ['a', '/v1/streams/m9?epoch=1', 4404, /no migration/],
      ['b', '/v1/streams/m1?epoch=1', 4404, /no migration/],
    ] as const;
    const heard = strangers.map(([to, path]) => stage.stranger(path, to));
    stage.pass(1);
    strangers.forEach(([, path, code, says], i) => {
      expect([path, heard[i]?.closed]).toEqual([path, [{ code, reason: expect.stringMatching(says) }]]);
    });
    stage.pass(60);
    expect(asked.outcome).toMatchObject({ ok: true });
    expect([stage.domains('a'), stage.domains('b')]).toEqual([[], ['guest']]);
    expect(stage.audit('b')).toEqual([]);
  });

  it('a second migration of a guest that is being moved: illegal-state, and the first arrives', () => {
    const stage = new LiveStage();
    const first = stage.start('coordinator', liveMove(transfer));
    stage.simulation.run({ done: () => stage.coordinator.migrations()[0]?.phase === 'streaming' });
    for (const [index, [, other]] of WAYS.entries()) {
      const second = stage.outcomeOf('coordinator', liveMove(other, { migration: `second-${index}` }));
      expect(first.outcome).toBeNull();
      expect(second).toMatchObject({
        ok: false,
        error: { code: 'illegal-state', message: expect.stringContaining('being moved by m1 already') },
      });
    }
    stage.pass(60);
    expect(first.outcome).toMatchObject({ ok: true });
    expect([stage.domains('a'), stage.domains('b')]).toEqual([[], ['guest']]);
    expect(stage.audit('b')).toEqual([]);
  });

  it('a target that has a guest of that name: already-exists', () => {
    const stage = new LiveStage([{}, { host: 'b', pages: 2048 }]);
    expect(stage.outcomeOf('coordinator', liveMove(transfer))).toMatchObject({
      ok: false,
      error: { code: 'already-exists' },
    });
    expect([stage.domains('a'), stage.domains('b')]).toEqual([['guest'], ['guest']]);
  });
});
