/**
 * A hand-over in the simulator's manner, in the coordinator's own process and before anybody is there: two nodes that say
 * yes to everything, a stream of two batches, both votes, the line, the orders. What a coordinator does while a guest
 * stands still is compiled then: the first hand-over of a fresh process took five times as long as the tenth.
 * Left out: sockets and the disk; the journal's first line has gone there by then.
 */
import { decode, encode } from '@skewbed/proto/codec.ts';
import type { CommandOf } from '@skewbed/proto/control/commands.ts';
import type { Message, MessageOf } from '@skewbed/proto/control/registry.ts';
import { STOP_AND_COPY } from '@skewbed/proto/control/transfer.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { PROTOCOL } from '@skewbed/proto/version.ts';
import { encodeBatch } from '@skewbed/proto/wire-records.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Channel, ChannelHandler, Network } from '@skewbed/runtime/ports/network.ts';
import { CONTROL_PATH } from './control-link.ts';
import { CoordinatorCore } from './coordinator.ts';

const HAND_OVERS = 12;
const MIGRATION = 'rehearsal';
const NOTHING = (): void => {};

/** Returns how many were brought to their end. Throws where one was not. */
export function rehearseHandOver(times: number = HAND_OVERS): number {
  for (let time = 0; time < times; time++) new Rehearsal().run();
  return times;
}

type Accepted = (path: string, query: ReadonlyMap<string, string>, channel: Channel) => void;

/** One end of a socket whose other end is the coordinator: what it sends is decoded and answered. */
class Puppet implements Channel {
  readonly queuedBytes = 0;
  readonly #socket: 'control' | 'stream';
  readonly #answer: (message: Message) => void;
  #handler: ChannelHandler | null = null;

  constructor(socket: 'control' | 'stream', answer: (message: Message) => void) {
    this.#socket = socket;
    this.#answer = answer;
  }

  send(bytes: Uint8Array): void {
    this.#answer(decode(bytes, this.#socket));
  }

  sendParts(_message: unknown, left: () => void): void {
    left();
  }

  close(): void {}

  handle(handler: ChannelHandler): void {
    this.#handler = handler;
  }

  say(message: Message): void {
    this.take(encode(message));
  }

  /** A batch takes its course, as it does over a socket. */
  take(bytes: Uint8Array): void {
    const course = this.#handler?.begins?.(bytes) ?? null;
    if (course?.kind !== 'forward') this.#handler?.message(bytes);
    else {
      course.to.send(bytes);
      course.ended(bytes.length);
    }
  }
}

class Rehearsal {
  readonly #due: (() => void)[] = [];
  #now = 1n;
  #accept: Accepted = NOTHING;
  #outcome: MessageOf<'reply'> | null = null;
  readonly #source = new Puppet('stream', NOTHING);
  readonly #target: Puppet = new Puppet('stream', (message) => {
    if (message.type === 'batch') this.#target.say({ type: 'ack', migration: MIGRATION, seq: message.seq });
  });

  run(): void {
    const clock: Clock = { now: () => trueNs(this.#now++), uncertainty: () => 0n };
    const log = { debug: NOTHING, info: NOTHING, warn: NOTHING, error: NOTHING };
    const later = (act: () => void): void => void this.#due.push(act);
    const dialled = (): Channel => {
      later(() => this.#stream());
      return this.#source;
    };
    const network: Network = {
      dial: dialled,
      dialStream: dialled,
      accept: (onChannel) => {
        this.#accept = onChannel;
      },
    };
    // Nothing here waits for an instant: a time-out never comes.
    const timers = { at: () => ({ cancel: NOTHING }) };
    const journal = { lines: [], append: (_line: string, durable: () => void) => later(durable) };
    new CoordinatorCore({ clock, timers, network, journal, log }).start();
    this.#settle();
    for (const name of ['a', 'b']) this.#join('node', name);
    const runner = this.#join('runner', 'runner');
    runner.say({ type: 'request', id: 1, to: 'coordinator', command: MOVE });
    this.#settle();
    const reply = this.#outcome as MessageOf<'reply'> | null;
    if (reply?.ok !== true)
      throw new SkewbedError('crash', `the rehearsal of a hand-over ended with ${JSON.stringify(reply)}`);
  }

  #settle(): void {
    for (let act = this.#due.shift(); act !== undefined; act = this.#due.shift()) act();
  }

  /** Dials, and says yes to every order. */
  #join(role: 'node' | 'runner', name: string): Puppet {
    const puppet: Puppet = new Puppet('control', (message) => {
      if (message.type === 'welcome')
        this.#due.push(() => puppet.say({ type: 'ready', uncertaintyNs: 1n, fresh: true, open: [] }));
      if (message.type === 'reply') this.#outcome = message;
      if (message.type !== 'request') return;
      this.#due.push(() => this.#obey(puppet, message));
    });
    this.#accept(CONTROL_PATH, new Map(), puppet);
    const url = role === 'node' ? { url: `http://${name}` } : {};
    puppet.say({ type: 'hello', protocol: PROTOCOL, role, name, ...url, checksums: role === 'node' ? ['crc32'] : [] });
    this.#settle();
    return puppet;
  }

  #obey(puppet: Puppet, { id, command }: MessageOf<'request'>): void {
    const at = trueNs(1n);
    switch (command.command) {
      case 'migration-prepare-target':
        this.#accept(
          `/v1/streams/${MIGRATION}`,
          new Map([
            ['node', 'b'],
            ['epoch', `${command.epoch}`],
          ]),
          this.#target,
        );
        puppet.say({ type: 'reply', id, ok: true, result: { command: command.command, at } });
        return;
      case 'migration-prepare-source':
      case 'migration-commit':
        puppet.say({
          type: 'event',
          events: [{ at, host: 'a', kind: 'domain-destroyed', domain: 'guest', why: MIGRATION }],
        });
        puppet.say({ type: 'reply', id, ok: true, result: { command: command.command, at } });
        return;
      default:
        throw new SkewbedError('crash', `the rehearsal of a hand-over knows no order '${command.command}'`);
    }
  }

  /** What the source says from its pre-copy to its vote; the target votes with it. */
  #stream(): void {
    const progress = { type: 'progress', migration: MIGRATION, batches: 1, ...PROGRESS } as const;
    this.#source.say(progress);
    this.#source.take(encodeBatch({ migration: MIGRATION, seq: 0 }, [{ type: 'STATIC_DATA_END' }], () => 0n));
    this.#source.say({ type: 'suspended', migration: MIGRATION, epoch: 1, at: trueNs(this.#now) });
    this.#source.take(encodeBatch({ migration: MIGRATION, seq: 1 }, [{ type: 'END' }], () => 0n));
    this.#source.say({ ...progress, status: 'device' });
    for (const [side, puppet] of [
      ['source', this.#source],
      ['target', this.#target],
    ] as const)
      puppet.say({ type: 'digest', migration: MIGRATION, epoch: 1, side, sha256: '0'.repeat(64), pages: 1 });
  }
}

const MOVE: CommandOf<'migrate'> = {
  command: 'migrate',
  migration: MIGRATION,
  domain: 'guest',
  from: 'a',
  to: 'b',
  restore: 'stream-v3',
  suspendAt: null,
  runAt: null,
  sourceWallAheadNs: 0n,
  transfer: { ...STOP_AND_COPY, precopy: { policy: 'xen' } },
};

const PROGRESS = {
  status: 'active',
  iteration: 1,
  dirtyCount: 1,
  remaining: 4096,
  transferred: 4096,
  total: 4096,
  normal: 1,
  duplicate: 0,
  dirtyPagesRate: 1,
  throughput: 1,
  cpuThrottlePercentage: 0,
  expectedDowntimeNs: 1n,
  setupTimeNs: 1n,
  totalTimeNs: 1n,
} as const;
