/**
 * One way between two processes of a bed, as faults are done to it: a link of the simulator, or one of the fault proxy.
 * What leads from one host to all the others is made of several (host-links.ts).
 */
import type { Passage } from '@skewbed/runtime/sim/link.ts';
import type { Ending, LinkChange } from './faults/fault.ts';

/** Watches what passes; returning false takes the message away. */
export type Watcher = (passage: Passage) => boolean;

export interface BedLink {
  /** Messages that have left for the other side so far. */
  readonly passed: number;
  /** Shows every message before it leaves, until the returned function is called. */
  watch(watcher: Watcher): () => void;
  disturb(change: LinkChange): Ending;
  silence(): Ending;
  cut(): Ending;
  /** Changes the first batch of a stream of which `isIt` says so. */
  corruptWhen(isIt: () => boolean, done: (what: string) => void): () => void;
}
