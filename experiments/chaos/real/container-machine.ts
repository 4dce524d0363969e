/**
 * A container as faults are done to it. The engine takes its time for everything, so orders to one container queue up,
 * and what is said of a fault was read from the engine while it lasted.
 */
import { codedError, type SkewbedError } from '@skewbed/proto/errors.ts';
import type { ChaosLink, ChaosProcess, Ending, Seen } from '../faults/fault.ts';
import type { ContainerHands, ContainerState } from './container-hands.ts';

export type ContainerParts = {
  readonly hands: ContainerHands;
  /** Something is about to be ordered after which what it says may be lost. */
  readonly losing: () => void;
  /** It is done. */
  readonly broke: () => void;
  readonly crashed: () => void;
  readonly restarted: () => void;
  readonly failed: (error: SkewbedError) => void;
};

const KILLED = 137;
const SLOW: Seen = { outcome: 'inconclusive', detail: 'the engine had not done it by then' };

export class ContainerMachine implements ChaosProcess, Pick<ChaosLink, 'cut'> {
  readonly #name: string;
  readonly #parts: ContainerParts;
  #orders: Promise<void> = Promise.resolve();
  #alive = true;

  constructor(name: string, parts: ContainerParts) {
    this.#name = name;
    this.#parts = parts;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** When everything that was ordered has been done. */
  get idle(): Promise<void> {
    return this.#orders;
  }

  crash(told: (seen: Seen) => void): void {
    this.#alive = false;
    this.#parts.losing();
    this.#order(async (hands) => {
      await hands.kill(this.#name);
      this.#parts.broke();
      this.#parts.crashed();
      const { status, exitCode } = await hands.state(this.#name);
      const dead = status === 'exited' && exitCode === KILLED;
      told({ outcome: dead ? 'confirmed' : 'mismatch', detail: dead ? '' : `it is ${status}, exit code ${exitCode}` });
    });
  }

  restart(): void {
    if (this.#alive) return;
    this.#alive = true;
    this.#order(async (hands) => {
      await hands.start(this.#name);
      this.#parts.restarted();
    });
  }

  pause(): Ending {
    return this.#hold({
      begin: (hands) => hands.pause(this.#name),
      end: async (hands) => {
        // Killed and started again it stands no more.
        if ((await hands.state(this.#name)).status === 'paused') await hands.unpause(this.#name);
      },
      wanted: ({ status }) => status === 'paused',
    });
  }

  cut(): Ending {
    this.#parts.losing();
    return this.#hold({
      begin: async (hands) => {
        await hands.disconnect(this.#name);
        this.#parts.broke();
      },
      end: (hands) => hands.connect(this.#name),
      wanted: ({ networks }) => networks === 0,
    });
  }

  /** Nothing passes by where it could be counted; a bed refuses what would need it. */
  when(): () => void {
    return () => {};
  }

  slow(): Ending {
    return () => SLOW;
  }

  #hold(what: {
    readonly begin: (hands: ContainerHands) => Promise<void>;
    readonly end: (hands: ContainerHands) => Promise<void>;
    readonly wanted: (state: ContainerState) => boolean;
  }): Ending {
    let seen = SLOW;
    let died = false;
    this.#order(async (hands) => {
      // Killed before its turn came.
      died = !this.#alive;
      if (died) return;
      await what.begin(hands);
      const state = await hands.state(this.#name);
      const { status, networks } = state;
      if (what.wanted(state)) seen = { outcome: 'confirmed', detail: '' };
      else seen = { outcome: 'mismatch', detail: `it was ${status} with ${networks} networks` };
    });
    return () => {
      this.#order(async (hands) => {
        if (!died) await what.end(hands);
      });
      return seen;
    };
  }

  #order(act: (hands: ContainerHands) => Promise<void>): void {
    this.#orders = this.#orders
      .then(() => act(this.#parts.hands))
      .catch((thrown: unknown) => this.#parts.failed(codedError(thrown)));
  }
}
