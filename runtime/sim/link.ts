/**
 * The way between two simulated processes: how long bytes take, how many fit, and what is wrong with it. All channels
 * between the two share its bandwidth, each direction for itself.
 *
 * up: all is well. refusing: open channels work, new ones are refused. cut: channels break at once on both sides, as
 * with a reset. silent: nothing arrives and nobody is told, as with a pulled cable; bytes wait (TCP sends them again)
 * until heal(), and after the keep-alive's time both sides give up.
 */

import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { HANDSHAKE_TIMEOUT_NS, KEEP_ALIVE_MISSES_MAX, KEEP_ALIVE_PERIOD_NS } from '@skewbed/proto/limits.ts';
import { NS_PER_S } from '@skewbed/proto/units.ts';
import { SeededRandom } from '../random.ts';
import type { SimChannel } from './channel.ts';
import type { Lane } from './lane.ts';
import type { Simulation } from './simulation.ts';

/** What a link is like. May be changed while channels are open; it counts for what is sent from then on. */
export type LinkShape = {
  /** One way. */
  latencyNs: bigint;
  /** On top of the latency, drawn for each message from [0, jitterNs]. Messages of a channel never overtake. */
  jitterNs: bigint;
  /** Each way; null for no bound. */
  bytesPerSecond: bigint | null;
};

/** A message as it leaves a process: whose it is, on which channel, its bytes. */
export type Passage = {
  readonly from: string;
  readonly path: string;
  readonly message: Uint8Array;
  /** Stands for the sender's end of the connection: another one after each dial. */
  readonly end: object;
};
/**
 * Sees every message and says what leaves: the message, another one, several, or nothing at all. It may cut the link, or
 * crash a process.
 */
export type LinkTap = (passage: Passage) => Uint8Array | readonly Uint8Array[] | null;

export type LinkMode = 'up' | 'refusing' | 'silent' | 'cut';

const SILENCE_LIMIT_NS = KEEP_ALIVE_PERIOD_NS * BigInt(KEEP_ALIVE_MISSES_MAX);

export class Link {
  readonly shape: LinkShape;
  /** Who sees, changes and drops messages before they leave; nobody unless somebody asks for it. */
  tap: LinkTap | null = null;
  readonly #simulation: Simulation;
  readonly #random: SeededRandom;
  readonly #ends = new Set<SimChannel>();
  readonly #held = new Set<Lane>();
  /** From a process's name to the instant at which its last byte will have left. */
  readonly #busyUntil = new Map<string, bigint>();
  #mode: LinkMode = 'up';
  #silences = 0;

  constructor(simulation: Simulation, names: readonly [string, string], shape: LinkShape) {
    this.#simulation = simulation;
    this.#random = new SeededRandom(simulation.seed, `link ${names[0]} ${names[1]}`);
    this.shape = { ...shape };
  }

  get mode(): LinkMode {
    return this.#mode;
  }

  /** Breaks every channel, on both sides, and refuses new ones. What was on the way is lost. */
  cut(): void {
    this.#mode = 'cut';
    this.#held.clear();
    this.#breakAll('the link was cut');
  }

  /** Refuses new channels; open ones go on. */
  refuse(): void {
    this.#leaveSilence();
    this.#mode = 'refusing';
  }

  /** Lets nothing through, and tells nobody. */
  silence(): void {
    if (this.#mode === 'silent') return;
    this.#mode = 'silent';
    const silence = ++this.#silences;
    this.#simulation.schedule(this.#simulation.now + SILENCE_LIMIT_NS, () => {
      if (this.#mode === 'silent' && this.#silences === silence) {
        this.#held.clear();
        this.#breakAll(`keep-alive: nothing heard for ${SILENCE_LIMIT_NS / NS_PER_S} s`);
      }
    });
  }

  /** Everything works again. What a silence held back arrives now, in its order. */
  heal(): void {
    this.#leaveSilence();
    this.#mode = 'up';
  }

  /** For SimNetwork: a dial sets out. */
  request(end: SimChannel, arrived: (how: 'there' | 'refused' | 'lost') => void): void {
    const dialledAt = this.#simulation.now;
    this.#simulation.schedule(dialledAt + this.travelNs(), () => {
      if (!end.opening) return;
      switch (this.#mode) {
        case 'up':
          this.#ends.add(end);
          return arrived('there');
        case 'refusing':
        case 'cut':
          return arrived('refused');
        case 'silent':
          this.#simulation.schedule(dialledAt + HANDSHAKE_TIMEOUT_NS, () => arrived('lost'));
      }
    });
  }

  /** For SimChannel: this end takes part in what happens to the link, or does no more. */
  join(end: SimChannel): void {
    this.#ends.add(end);
  }

  leave(end: SimChannel): void {
    this.#ends.delete(end);
  }

  /** For Lane: it has something that cannot arrive in this silence. */
  hold(lane: Lane): void {
    this.#held.add(lane);
  }

  /** For Lane: when bytes handed over now by that process will have left it. */
  departure(from: string, bytes: number): bigint {
    const now = this.#simulation.now;
    const rate = this.shape.bytesPerSecond;
    const busyUntil = this.#busyUntil.get(from) ?? 0n;
    const start = busyUntil > now ? busyUntil : now;
    if (rate === null) return start;
    const left = start + (BigInt(bytes) * NS_PER_S + rate - 1n) / rate;
    this.#busyUntil.set(from, left);
    return left;
  }

  /** For Lane: how long the next message is on its way. */
  travelNs(): bigint {
    const { latencyNs, jitterNs } = this.shape;
    return jitterNs === 0n ? latencyNs : latencyNs + this.#random.belowNs(jitterNs + 1n);
  }

  #leaveSilence(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const lane of held) lane.release();
  }

  #breakAll(why: string): void {
    for (const end of [...this.#ends]) end.fail(CLOSE_CODE.BROKEN, why);
  }
}
