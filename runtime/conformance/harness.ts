/**
 * What the conformance suite needs of a runtime: places (processes) with ports, ways to break them, and waiting for
 * something without naming a duration. conformance/sim.ts and conformance/live.ts are the two.
 */
import type { Clock } from '../ports/clock.ts';
import type { Journal } from '../ports/journal.ts';
import type { Channel, Network } from '../ports/network.ts';
import type { Timers } from '../ports/timers.ts';

export interface Place {
  readonly name: string;
  /** What others dial. */
  readonly url: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly network: Network;
  readonly journal: Journal;
}

export interface Harness {
  /** Starts a place; after crash() the same name comes back with its disk. */
  start(name: string): Promise<Place>;
  crash(place: Place): Promise<void>;
  /** Breaks every channel between two places, as a reset does. */
  cut(a: Place, b: Place): void;
  /** Stops bytes between two places, as a pulled cable does, until one side has noticed by its keep-alive. */
  silence(a: Place, b: Place): void;
  /** Goes on until the condition holds. Fails, naming it, when nothing can make it hold any more. */
  until(what: string, condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export type HarnessFactory = () => Harness;

/** What one end has heard so far. */
export class Ear {
  readonly messages: Uint8Array[] = [];
  readonly closings: { readonly code: number; readonly reason: string }[] = [];
  drained = 0;
  /** Called with each message while it is valid. */
  onMessage: (bytes: Uint8Array) => void = () => undefined;

  /** Listens to a channel from now on. */
  constructor(channel: Channel) {
    channel.handle({
      message: (bytes) => {
        this.messages.push(new Uint8Array(bytes));
        this.onMessage(bytes);
      },
      drained: () => {
        this.drained++;
      },
      closed: (code, reason) => {
        this.closings.push({ code, reason });
      },
    });
  }

  get closed(): boolean {
    return this.closings.length > 0;
  }

  get code(): number | undefined {
    return this.closings[0]?.code;
  }
}
