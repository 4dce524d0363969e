/**
 * One TCP connection through the fault proxy: a socket to whoever dialled, one to whom was dialled, and a lane each way.
 * What it reads it cuts into messages and asks its link what becomes of them. When it is broken on purpose, the side that
 * was dialled is reset; from a node's control socket everything that the node had said is read first, because those are
 * its events, and what a fault costs the coordinator it must not cost the history.
 */
import type { Socket } from 'node:net';
import { codedError, type SkewbedError } from '@skewbed/proto/errors.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Timers } from '@skewbed/runtime/ports/timers.ts';
import type { Passage } from '@skewbed/runtime/sim/link.ts';
import { Lane, type Way } from './lane.ts';
import { type Unit, WireUnits } from './wire-units.ts';

export type Admitted = { readonly raw: Buffer; readonly gone?: () => void };

/** What a connection asks the link that it belongs to. */
export interface ConnectionLink extends Way {
  /** What becomes of a message: the bytes that go on, or null when it is lost. */
  admit(unit: Extract<Unit, { kind: 'message' }>, passage: Passage): Admitted | null;
  left(connection: Connection): void;
}

export type Ends = {
  readonly path: string;
  /** Names of the processes. */
  readonly dialler: string;
  readonly dialled: string;
};

/**
 * What a socket may have to write before the proxy reads no more for it, so that whoever sends feels it as TCP would let
 * him. What a lane holds is bounded by the credit of a stream.
 */
const WRITING_MOST_BYTES = 8 * 1024 * 1024;

export class Connection {
  readonly ends: Ends;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #link: ConnectionLink;
  readonly #hear: (passage: Passage) => void;
  readonly #lanes: readonly [Lane, Lane];
  readonly #failed: (error: SkewbedError) => void;
  readonly #over: () => void;
  readonly #diallerGone: (ends: Ends) => void;
  #broken = false;
  #open = 2;

  constructor(
    ends: Ends,
    parts: {
      readonly near: Socket;
      readonly far: Socket;
      readonly link: ConnectionLink;
      readonly clock: Clock;
      readonly timers: Timers;
      /** Shown every message as it is read, whatever becomes of it. */
      readonly hear: (passage: Passage) => void;
      /** What reads the near side; it has read the head already. */
      readonly units: WireUnits;
      /** Bytes that are no protocol of ours. */
      readonly failed: (error: SkewbedError) => void;
      readonly over: () => void;
      /** Whoever dialled says nothing more on this connection. */
      readonly diallerGone: (ends: Ends) => void;
    },
  ) {
    const { near, far, link, clock, timers, units } = parts;
    this.ends = ends;
    this.#near = near;
    this.#far = far;
    this.#link = link;
    this.#hear = parts.hear;
    const lane = (from: string, to: Socket): Lane =>
      new Lane(from, { way: link, clock, timers, write: (raw) => void to.write(raw) });
    this.#lanes = [lane(ends.dialler, far), lane(ends.dialled, near)];
    this.#join({ from: near, to: far, sender: ends.dialler, lane: this.#lanes[0], units });
    this.#join({ from: far, to: near, sender: ends.dialled, lane: this.#lanes[1], units: new WireUnits() });
    this.#failed = parts.failed;
    this.#over = parts.over;
    this.#diallerGone = parts.diallerGone;
  }

  /** Hands on what of the near side was read before it was known whose it is. */
  begin(already: readonly Unit[]): void {
    for (const unit of already) this.#pass(unit, this.ends.dialler, this.#lanes[0]);
  }

  /** A silence is over, or nothing is as it was: what is due goes on. */
  flow(): void {
    for (const lane of this.#lanes) lane.flow();
  }

  /** Breaks it, both ways. What was on the way is lost. */
  cut(): void {
    if (this.#broken) return;
    this.#broken = true;
    for (const lane of this.#lanes) lane.clear();
    this.#far.resetAndDestroy();
    // Told that this is the end, a node says what it had begun to say, and closes.
    if (this.ends.path === CONTROL_PATH && !this.#near.destroyed) this.#near.end();
    else this.#near.resetAndDestroy();
    this.#link.left(this);
  }

  /** Ends it at once, at the end of the run. */
  destroy(): void {
    this.#broken = true;
    for (const lane of this.#lanes) lane.clear();
    this.#near.destroy();
    this.#far.destroy();
  }

  #join(way: {
    readonly from: Socket;
    readonly to: Socket;
    readonly sender: string;
    readonly lane: Lane;
    readonly units: WireUnits;
  }): void {
    const { from, to, sender, lane, units } = way;
    let reset = false;
    from.setNoDelay(true);
    from.on('data', (bytes: Buffer) => {
      try {
        for (const unit of units.take(bytes)) this.#pass(unit, sender, lane);
      } catch (thrown) {
        // Nobody of ours writes such a thing; nothing of what follows could be understood.
        this.#link.left(this);
        this.destroy();
        this.#failed(codedError(thrown));
      }
      if (to.writableLength > WRITING_MOST_BYTES) this.#hold(from, to);
    });
    from.on('error', () => {
      reset = true;
    });
    let gone = false;
    const isGone = (): void => {
      if (!gone && from === this.#near) this.#diallerGone(this.ends);
      gone = true;
    };
    from.on('end', () => {
      isGone();
      if (!this.#broken) lane.end(() => to.end());
    });
    from.on('close', () => {
      this.#open -= 1;
      isGone();
      if (this.#open === 0) {
        this.#link.left(this);
        this.#over();
      }
      if (!this.#broken) lane.end(() => (reset ? to.resetAndDestroy() : to.destroySoon()));
    });
  }

  #hold(from: Socket, to: Socket): void {
    from.pause();
    to.once('drain', () => from.resume());
  }

  #pass(unit: Unit, from: string, lane: Lane): void {
    if (unit.kind !== 'message') {
      if (!this.#broken) lane.put(unit.raw);
      return;
    }
    const passage: Passage = { from, path: this.ends.path, message: unit.payload, end: this };
    this.#hear(passage);
    if (this.#broken) return;
    const admitted = this.#link.admit(unit, passage);
    // Whoever was shown it may have cut the link.
    if (admitted !== null && !this.#broken) lane.put(admitted.raw, admitted.gone);
  }
}

export const CONTROL_PATH = '/v1/control';
