/**
 * Peers for the state tables: they speak the protocol and do nothing by themselves, so that one side can be brought into any
 * state and given any message there. Everything goes through the simulator's channels, as between the real services.
 */
import { CONTROL_PATH } from '@skewbed/coordinator/core/control-link.ts';
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { decode, encode } from '@skewbed/proto/codec.ts';
import type { Command, CommandName } from '@skewbed/proto/control/commands.ts';
import type { Message, MessageOf } from '@skewbed/proto/control/registry.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { PROTOCOL } from '@skewbed/proto/version.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import type { SimProcess } from '@skewbed/runtime/sim/process.ts';
import type { Simulation } from '@skewbed/runtime/sim/simulation.ts';

const MS = 1_000_000n;

/** Lets so much time pass. */
export const passMs = (simulation: Simulation, ms: number): void =>
  void simulation.run({ until: trueNs(simulation.now + BigInt(ms) * MS) });

const listen = (channel: Channel, message: (bytes: Uint8Array) => void): void =>
  channel.handle({ message, drained: () => {}, closed: () => {} });

/** A coordinator of epoch 5 that a node dials. */
export class PuppetCoordinator {
  static readonly EPOCH = 5;
  readonly replies: MessageOf<'reply'>[] = [];
  readonly streamed: Message[] = [];
  asked = 0;
  stream: Channel | null = null;
  readonly #simulation: Simulation;
  readonly #process: SimProcess;
  #control: Channel | null = null;
  #id = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#process = simulation.process('coordinator');
    this.#process.network.accept((path, _query, channel) => {
      if (path === CONTROL_PATH) this.#greet(channel);
      else this.#take(channel);
    });
  }

  /** Gives an order, and tells how it was answered: 'ok', a code, or null when it was not. */
  order(node: string, command: Command): string | null {
    const id = ++this.#id;
    this.#control?.send(encode({ type: 'request', id, to: node, command }));
    passMs(this.#simulation, 5);
    const reply = this.replies.find((each) => each.id === id);
    return reply === undefined ? null : reply.ok ? 'ok' : reply.code;
  }

  /** Dials a source's stream. */
  dial(node: string, migration: string): void {
    const path = `/v1/streams/${migration}?epoch=${PuppetCoordinator.EPOCH}`;
    this.#take(this.#process.network.dial(`sim://${node}`, path));
    passMs(this.#simulation, 5);
  }

  #take(channel: Channel): void {
    this.stream = channel;
    listen(channel, (bytes) => this.streamed.push(structuredClone(decode(bytes, 'stream'))));
  }

  #greet(channel: Channel): void {
    this.#control = channel;
    listen(channel, (bytes) => {
      const message = decode(bytes, 'control');
      if (message.type === 'reply') this.replies.push(message);
      if (message.type === 'still-open') this.asked += 1;
      if (message.type !== 'hello') return;
      const reign = { epoch: PuppetCoordinator.EPOCH, journal: trueNs(0n) };
      channel.send(encode({ type: 'welcome', protocol: PROTOCOL, trueNs: this.#simulation.now, ...reign }));
    });
  }
}

/** A node that answers orders as it is told to, and nothing else. */
export class PuppetNode {
  /** Orders in the order in which they came. */
  readonly orders: CommandName[] = [];
  /** How an order is answered: 'ok', a code, or not at all. */
  readonly answers = new Map<CommandName, string>();
  stream: Channel | null = null;
  open: MessageOf<'ready'>['open'] = [];
  readonly #simulation: Simulation;
  readonly #process: SimProcess;
  readonly #name: string;
  #control: Channel | null = null;
  #unanswered: { readonly id: number; readonly command: Command } | null = null;

  constructor(simulation: Simulation, name: string) {
    this.#simulation = simulation;
    this.#name = name;
    this.#process = simulation.process(name);
    this.#process.network.accept((_path, _query, channel) => this.#take(channel));
    this.connect('fresh');
  }

  /** Dials the coordinator and says that it is ready. */
  connect(how: 'fresh' | 'again'): void {
    const channel = this.#process.network.dial('sim://coordinator', CONTROL_PATH);
    this.#control = channel;
    listen(channel, (bytes) => {
      const message = decode(bytes, 'control');
      if (message.type === 'request') this.#ordered(message);
      if (message.type !== 'welcome') return;
      this.say({ type: 'ready', uncertaintyNs: 0n, fresh: how === 'fresh', open: this.open });
    });
    const hello = { role: 'node', name: this.#name, url: `sim://${this.#name}`, checksums: ['crc32'] } as const;
    this.say({ type: 'hello', protocol: PROTOCOL, ...hello });
  }

  say(message: Message): void {
    this.#control?.send(encode(message));
  }

  /** Answers the last order to which it was silent, if there is one. */
  answerLate(answer: string): void {
    if (this.#unanswered !== null) this.#reply(this.#unanswered.id, this.#unanswered.command, answer);
    this.#unanswered = null;
  }

  hangUp(): void {
    this.#control?.close(CLOSE_CODE.GOING_AWAY, '');
    this.#control = null;
  }

  /** Dials the migration's stream, as a target does. */
  dial(migration: string, epoch: number): void {
    this.#take(
      this.#process.network.dial('sim://coordinator', `/v1/streams/${migration}?node=${this.#name}&epoch=${epoch}`),
    );
  }

  #take(channel: Channel): void {
    this.stream = channel;
    listen(channel, () => {});
  }

  #ordered({ id, command }: MessageOf<'request'>): void {
    this.orders.push(command.command);
    const answer = this.answers.get(command.command) ?? 'ok';
    if (answer === 'silent') this.#unanswered = { id, command };
    else this.#reply(id, command, answer);
  }

  #reply(id: number, command: Command, answer: string): void {
    if (answer !== 'ok') this.say({ type: 'reply', id, ok: false, code: answer, message: 'as it was told' });
    else this.say({ type: 'reply', id, ok: true, result: resultOf(command, this.#simulation) });
  }
}

/** Orders of a migration are answered with an instant, and these nodes are given no others. */
function resultOf(command: Command, simulation: Simulation): Extract<MessageOf<'reply'>, { ok: true }>['result'] {
  const at = simulation.now;
  switch (command.command) {
    case 'migration-prepare-source':
    case 'migration-prepare-target':
    case 'migration-commit':
    case 'migration-abort':
      return { command: command.command, at };
    default:
      throw new Error(`no puppet is asked for '${command.command}'`);
  }
}
