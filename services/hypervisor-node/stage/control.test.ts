import { ControlLink } from '@skewbed/coordinator/core/control-link.ts';
import { decode, encode } from '@skewbed/proto/codec.ts';
import type { Message, MessageOf } from '@skewbed/proto/control/registry.ts';
import { CONTROL_MESSAGE_MAX_BYTES, HELLO_TIMEOUT_NS, STREAM_CREDIT_BATCHES } from '@skewbed/proto/limits.ts';
import { pack } from '@skewbed/proto/msgpack.ts';
import { NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import type { ClockSample } from '@skewbed/runtime/ports/clock-sync.ts';
import { describe, expect, it } from 'vitest';
import { hostConfig, MOVE, scriptedStage } from './move.ts';

const HELLO: MessageOf<'hello'> = {
  type: 'hello',
  protocol: { major: 1, minor: 0 },
  role: 'runner',
  name: 'stranger',
  checksums: [],
};

/** What a stranger hears who sends these messages one after the other to the coordinator. */
function answersTo(...messages: (Message | Uint8Array)[]) {
  const { stage } = scriptedStage();
  const { channel, heard, closed } = stage.stranger('/v1/control');
  for (const message of messages) channel.send(message instanceof Uint8Array ? message : encode(message));
  stage.pass(1);
  return { stage, said: heard.map((bytes) => decode(bytes, 'control')), closed: closed[0]?.code ?? null };
}

const READY: Message = { type: 'ready', uncertaintyNs: 0n, fresh: true, open: [] };

describe('a peer that the coordinator does not know', () => {
  it('is welcomed when it says hello in its protocol, and can tell the time', () => {
    const { said, closed } = answersTo(HELLO, { type: 'clock-ping', id: 4 });
    expect(said.map(({ type }) => type)).toEqual(['welcome', 'clock-pong']);
    expect(said[1]).toMatchObject({ id: 4, trueNs: expect.any(BigInt) });
    expect(closed).toBeNull();
  });

  const refusals: [string, (Message | Uint8Array)[], string, number][] = [
    ['speaks another major version', [{ ...HELLO, protocol: { major: 0, minor: 9 } }], 'protocol-mismatch', 4400],
    [
      'speaks a version to come',
      [pack({ type: 'hello', protocol: { major: 2, minor: 0 }, tribe: 'x' })],
      'protocol-mismatch',
      4400,
    ],
    ['sends an unknown message', [pack({ type: 'howdy' })], 'bad-message', 4400],
    ['sends a truncated message', [encode(HELLO).slice(0, 20)], 'bad-message', 4400],
    ['sends too large a message', [new Uint8Array(CONTROL_MESSAGE_MAX_BYTES + 1)], 'bad-message', 4400],
    ['does not say hello first', [{ type: 'clock-ping', id: 1 }], 'bad-message', 4400],
    ['says hello twice', [HELLO, HELLO], 'bad-message', 4400],
    ['takes a name that is taken', [{ ...HELLO, name: 'runner-1' }], 'already-exists', 4409],
    ['calls itself coordinator', [{ ...HELLO, name: 'coordinator' }], 'already-exists', 4409],
    ['is a runner with a url', [{ ...HELLO, url: 'sim://x' }], 'wrong-role', 4403],
    ['is a node without a url', [{ ...HELLO, role: 'node' }], 'wrong-role', 4403],
    [
      'is a runner that reports events',
      [HELLO, READY, { type: 'event', events: [{ at: trueNs(0n), kind: 'loop-delay', maxNs: 0n }] }],
      'wrong-role',
      4403,
    ],
    [
      'is a runner that answers',
      [HELLO, READY, { type: 'reply', id: 1, ok: false, code: 'late', message: '' }],
      'wrong-role',
      4403,
    ],
    [
      'is a node that asks',
      [
        { ...HELLO, role: 'node', url: 'sim://x' },
        READY,
        { type: 'request', id: 1, to: 'coordinator', command: { command: 'nodes' } },
      ],
      'wrong-role',
      4403,
    ],
    [
      'asks before it is ready',
      [HELLO, { type: 'request', id: 1, to: 'coordinator', command: { command: 'nodes' } }],
      'bad-message',
      4400,
    ],
    [
      'plays the coordinator',
      [
        HELLO,
        READY,
        { type: 'welcome', protocol: { major: 1, minor: 0 }, trueNs: trueNs(0n), epoch: 1, journal: trueNs(0n) },
      ],
      'wrong-role',
      4403,
    ],
  ];

  it.each(refusals)(
    'is refused, with a code and a close code, when it %s; nobody else notices',
    (_what, messages, code, closeCode) => {
      const { stage, said, closed } = answersTo(...messages);
      expect(said.at(-1)).toMatchObject({ type: 'refuse', code });
      expect(closed).toBe(closeCode);
      expect(stage.ask('coordinator', { command: 'nodes' }).nodes.map(({ name }) => name)).toEqual(['a', 'b']);
    },
  );

  it('is let go when it says nothing for too long', () => {
    const { stage } = scriptedStage();
    const { heard, closed } = stage.stranger('/v1/control');
    stage.pass(Number(HELLO_TIMEOUT_NS / NS_PER_S) + 1);
    expect(heard.map((bytes) => decode(bytes, 'control'))).toMatchObject([{ type: 'refuse', code: 'timed-out' }]);
    expect(closed).toHaveLength(1);
  });

  it('finds nothing at a path that is not there, at either service', () => {
    const { stage } = scriptedStage();
    const lost = [
      stage.stranger('/v1/nothing'),
      stage.stranger('/v1/streams/m1'),
      stage.stranger('/v1/streams/m1', 'a'),
    ];
    stage.pass(1);
    expect(lost.map(({ closed }) => closed[0]?.code)).toEqual([4404, 4404, 4404]);
  });
});

describe('a request', () => {
  it('goes to the node that it names, and its answer comes after the events that it caused', () => {
    const { stage } = scriptedStage();
    stage.events.length = 0;
    stage.ask('a', { command: 'step', at: null, event: { type: 'observe', domain: 'guest' } });
    expect(stage.events.map(({ kind, host }) => [kind, host])).toEqual([['echo', 'a']]);
  });

  it('is executed at its exact instant, and answered then', () => {
    const { stage, a } = scriptedStage();
    const at = trueNs(7n * NS_PER_S + 1n);
    expect(stage.ask('a', { command: 'step', at, event: { type: 'audit' } }).at).toBe(at);
    expect(a.did).toContain(`audit ${at}`);
    expect(stage.simulation.now).toBeGreaterThanOrEqual(at);
  });

  it.each([
    ['for an instant that is past', 'a', { command: 'step', at: trueNs(0n), event: { type: 'audit' } }, 'late'],
    [
      'for an instant beyond a hundred years',
      'a',
      { command: 'step', at: trueNs(2n ** 62n), event: { type: 'audit' } },
      'bad-argument',
    ],
    ['to a node that is not there', 'c', { command: 'read-clocks' }, 'not-connected'],
    ['to the wrong one', 'a', { command: 'nodes' }, 'bad-argument'],
    ['to the coordinator that is for a node', 'coordinator', { command: 'read-clocks' }, 'bad-argument'],
    [
      'that only the coordinator may give',
      'a',
      { command: 'migration-abort', epoch: 1, migration: 'm1', why: '' },
      'wrong-role',
    ],
    [
      'that finds a fault of the model',
      'a',
      { command: 'step', at: null, event: { type: 'destroy', domain: 'guest', why: '' } },
      'crash',
    ],
  ] as const)('%s is answered with a code', (_what, to, command, code) => {
    const { stage } = scriptedStage();
    stage.pass(1);
    expect(stage.outcomeOf(to, command)).toMatchObject({ ok: false, error: { code } });
    expect(stage.ask('a', { command: 'read-clocks' }).domains).toEqual(['guest']);
  });

  it('that waits when its node is lost is answered with link-lost', () => {
    const { stage } = scriptedStage();
    const asked = stage.start('a', { command: 'step', at: trueNs(60n * NS_PER_S), event: { type: 'audit' } });
    stage.pass(1);
    stage.simulation.link('a', 'coordinator').cut();
    stage.pass(1);
    expect(asked.outcome).toMatchObject({ ok: false, error: { code: 'link-lost' } });
  });

  it('that waits when the host is configured anew is answered, not forgotten', () => {
    const { stage } = scriptedStage();
    const asked = stage.start('a', { command: 'step', at: trueNs(60n * NS_PER_S), event: { type: 'audit' } });
    stage.ask('a', { command: 'configure-host', config: hostConfig('a') });
    stage.pass(1);
    expect(asked.outcome).toMatchObject({ ok: false, error: { code: 'illegal-state' } });
  });

  it('to configure a host anew is refused while a migration is open', () => {
    const { stage, a } = scriptedStage();
    stage.start('coordinator', MOVE);
    stage.simulation.run({ done: () => a.guest === 'suspended' });
    expect(stage.outcomeOf('a', { command: 'configure-host', config: hostConfig('a') })).toMatchObject({
      ok: false,
      error: { code: 'illegal-state' },
    });
  });

  it('without a connection is answered, though never from inside the call', () => {
    const { stage } = scriptedStage();
    stage.runner.close();
    const asked = stage.start('a', { command: 'read-clocks' });
    expect(asked.outcome).toBeNull();
    stage.pass(1);
    expect(asked.outcome).toMatchObject({ ok: false, error: { code: 'not-connected' } });
    expect(stage.runnerClosed).toEqual([null]);
  });
});

describe('the history', () => {
  it('can be asked for page by page', () => {
    const { stage } = scriptedStage();
    for (let i = 0; i < 5; i++)
      stage.ask('a', { command: 'step', at: null, event: { type: 'observe', domain: 'guest' } });
    const first = stage.ask('coordinator', { command: 'history', from: 0, most: 3 });
    expect(first).toMatchObject({ first: 0, next: 3 });
    expect(stage.ask('coordinator', { command: 'history', from: first.next, most: 1000 }).events).toHaveLength(2);
    expect(stage.ask('coordinator', { command: 'history', from: 99, most: 1 })).toMatchObject({
      first: 5,
      events: [],
      next: 5,
    });
  });

  it('of a time without a coordinator arrives when it is back', () => {
    const { stage, a } = scriptedStage();
    a.deadlines.set('a', []);
    stage.crashCoordinator();
    stage.pass(1);
    stage.restartCoordinator();
    stage.events.length = 0;
    stage.ask('a', { command: 'step', at: null, event: { type: 'observe', domain: 'guest' } });
    expect(stage.events).toHaveLength(1);
  });
});

describe('a stream', () => {
  it('has no more batches under way than the credit, when nothing comes back', () => {
    const { stage, a, b } = scriptedStage();
    stage.start('coordinator', MOVE);
    stage.simulation.run({ done: () => a.guest === 'suspended' });
    stage.simulation.link('b', 'coordinator').silence();
    stage.pass(2);
    const [migration] = stage.coordinator.migrations();
    expect(migration).toMatchObject({ phase: 'streaming', batches: STREAM_CREDIT_BATCHES, acknowledged: 0 });
    expect(b.did.filter((what) => what === 'target.apply')).toHaveLength(0);
  });

  it('is not for a stranger who names another node', () => {
    const { stage, b } = scriptedStage();
    stage.start('coordinator', MOVE);
    stage.simulation.run({ done: () => b.guest === 'building' });
    const { closed } = stage.stranger('/v1/streams/m1?node=c&epoch=1');
    stage.pass(1);
    expect(closed).toEqual([{ code: 4409, reason: expect.stringContaining("takes no stream of 'c'") }]);
    stage.pass(10);
    expect(b.guest).toBe('running');
  });
});

describe('the clock of who dials', () => {
  it('is set by round trips before it is ready, and once a second after it', () => {
    const { stage } = scriptedStage();
    const process = stage.simulation.process('drifter');
    const samples: ClockSample[] = [];
    // Its own clock began an hour earlier.
    const localNow = () => stage.simulation.now + 3600n * NS_PER_S;
    let samplesAtReady = -1;
    const link = new ControlLink(
      {
        clock: process.clock,
        timers: process.timers,
        network: process.network,
        sync: { localNow, sample: (sample) => samples.push(sample) },
      },
      {
        coordinatorUrl: 'sim://coordinator',
        hello: { role: 'runner', name: 'drifter', checksums: [] },
        state: () => ({ fresh: true, open: [] }),
      },
      {
        ready: () => {
          samplesAtReady = samples.length;
        },
        message: () => {},
        closed: () => {},
      },
    );
    stage.pass(5.5);
    expect(link.phase).toBe('ready');
    expect(samplesAtReady).toBe(8);
    expect(samples.length).toBe(8 + 5);
    for (const { sentLocalNs, trueNs: there, receivedLocalNs } of samples) {
      expect((sentLocalNs + receivedLocalNs) / 2n - there).toBe(3600n * NS_PER_S);
    }
  });
});
