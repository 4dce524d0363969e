/**
 * Which coordinator a node obeys. A coordinator's journal gives each start of it a greater epoch; a node that has heard a
 * greater one takes nothing from a smaller: that one was replaced while it slept, or it reads an old copy of its journal,
 * and would call aborted what was committed. Another journal is followed only while nothing here hangs on the old one.
 * Left out: a memory over restarts. A restarted node has no guest that a stale order could double.
 */
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';

export type Reign = Pick<MessageOf<'welcome'>, 'epoch' | 'journal'>;

export class Fence {
  #epoch = 0;
  #journal: TrueNs | null = null;

  /** A coordinator welcomes this node. `waiting`: migrations whose end only the known journal can tell. */
  welcome({ epoch, journal }: Reign, waiting: readonly string[]): void {
    if (this.#journal !== null && this.#journal !== journal) {
      const [first] = waiting;
      if (first !== undefined) {
        throw new SkewbedError(
          'stale-epoch',
          `this coordinator's journal was begun at ${journal} ns, and migration ${first} voted in the one of ${this.#journal} ns: start the coordinator on that journal, or decide with skewbed resolve`,
        );
      }
      this.#epoch = 0;
    }
    this.admit(epoch);
    this.#journal = journal;
  }

  /** An order, or a stream, of that epoch. Throws 'stale-epoch' when a later coordinator was heard. */
  admit(epoch: number): void {
    if (epoch < this.#epoch) {
      throw new SkewbedError(
        'stale-epoch',
        `epoch ${epoch} is over: this node has heard a coordinator of epoch ${this.#epoch}; stop the old one`,
      );
    }
    this.#epoch = epoch;
  }
}
