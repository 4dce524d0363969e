/** What a bed of real nodes has beside what every bed has: it takes time to open, may fail, and has to be closed. */
import type { SkewbedError } from '@skewbed/proto/errors.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import type { RunBed } from '../run-bed.ts';
import type { Heard } from './heard.ts';
import type { RealLink } from './real-link.ts';

export interface RealBed extends RunBed {
  readonly testbed: 'processes' | 'containers';
  readonly heard: Heard;
  /** How long it has to be quiet here at the end, whatever the schedule says. */
  readonly leastQuietMs: number;
  /** Services that ended by themselves, and the like. */
  readonly failures: readonly SkewbedError[];
  /** The instant from which a history counts. */
  readonly start: TrueNs;
  /** Ends what runs; the journal is still there. */
  stop(): Promise<void>;
  /** The lines that are in the coordinator's journal, with instants as the history counts them; null: out of reach. */
  journal(): Promise<readonly string[] | null>;
  /** Ends everything, and leaves nothing behind. */
  close(): Promise<void>;
}

export type OpenRealBed = {
  /** Called when a host's process is there again, without a host in it. */
  readonly restarted: (host: string) => void;
  /** Tests put in a link which does not do what it is told. */
  readonly makeLink?: (...parts: ConstructorParameters<typeof RealLink>) => RealLink;
};
