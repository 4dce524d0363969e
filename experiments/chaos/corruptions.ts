/** Bytes that faults have asked to be changed on a link: which message it strikes, and who is told. */
import type { Passage } from '@skewbed/runtime/sim/link.ts';
import { phaseOf } from './trigger.ts';

type Corruption = { readonly isIt: () => boolean; readonly done: (what: string) => void };

/** The byte of a batch that is changed: its checksum covers the body, and the middle of it is one. */
const middleOf = (length: number): number => Math.floor(length / 2);
export const CHANGED_BIT = 0x10;

export class Corruptions {
  readonly #asked = new Set<Corruption>();

  /** Asks for the first batch of a stream of which `isIt` says so. */
  ask(isIt: () => boolean, done: (what: string) => void): () => void {
    const corruption = { isIt, done };
    this.#asked.add(corruption);
    return () => this.#asked.delete(corruption);
  }

  /** Where this message is to be changed, and what is called when it was; null for nearly all messages. */
  strike({ path, from, message }: Passage): { readonly place: number; readonly done: () => void } | null {
    if (this.#asked.size === 0 || phaseOf({ path, message }) !== 'batch') return null;
    const corruption = [...this.#asked].find(({ isIt }) => isIt());
    if (corruption === undefined) return null;
    const place = middleOf(message.length);
    const what = `byte ${place} of ${message.length} of a batch from ${from} was changed`;
    return { place, done: () => corruption.done(what) };
  }
}
