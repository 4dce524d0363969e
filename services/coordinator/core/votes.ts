/** The digests of both ends of a migration. Each is a vote: when both are there and equal, it may be decided. */
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';

export type Digest = MessageOf<'digest'>;

export type Count =
  | { readonly count: 'open'; readonly missing: Digest['side'] }
  | { readonly count: 'equal'; readonly digest: Digest }
  | { readonly count: 'refused'; readonly error: SkewbedError };

export class Votes {
  readonly #epoch: number;
  readonly #votes: { source: Digest | null; target: Digest | null } = { source: null, target: null };

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  has(side: Digest['side']): boolean {
    return this.#votes[side] !== null;
  }

  /** What they come to with this one. */
  add(digest: Digest): Count {
    if (digest.epoch !== this.#epoch)
      return refused('stale-epoch', `the ${digest.side} votes in epoch ${digest.epoch}; this is ${this.#epoch}`);
    this.#votes[digest.side] = digest;
    const { source, target } = this.#votes;
    if (source === null) return { count: 'open', missing: 'source' };
    if (target === null) return { count: 'open', missing: 'target' };
    if (source.sha256 === target.sha256 && source.pages === target.pages) return { count: 'equal', digest: source };
    return refused(
      'memory-mismatch',
      `memory at suspend: ${source.pages} pages ${source.sha256}; received: ${target.pages} pages ${target.sha256}`,
    );
  }
}

function refused(code: 'stale-epoch' | 'memory-mismatch', message: string): Count {
  return { count: 'refused', error: new SkewbedError(code, message) };
}
