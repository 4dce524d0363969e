import { checksums } from '@skewbed/runtime/checksum.ts';
import { nodePageOps } from '@skewbed/runtime/page-ops.ts';
import { describe, expect, it } from 'vitest';
import { modelWorld } from '../core/model-world.ts';
import { rehearseMoves } from '../core/move-rehearsal.ts';
import type { World } from '../core/world.ts';

const checksum = checksums.named('crc32');

/** The model's world, whose targets have other memory than they were sent. */
function forgetfulWorld(): World {
  const world = modelWorld(nodePageOps);
  return {
    host: (config) => {
      const host = world.host(config);
      return {
        step: (at, event) => host.step(at, event),
        nextDeadline: () => host.nextDeadline(),
        drain: () => host.drain(),
        clocksAt: (at) => host.clocksAt(at),
        domainNames: () => host.domainNames(),
        openSource: (migration, domain, options) => host.openSource(migration, domain, options),
        openTarget: (order) => {
          const target = host.openTarget(order);
          return {
            prepare: (at) => target.prepare(at),
            apply: (at, record) => target.apply(at, record),
            finish: (at) => ({ ...target.finish(at), sha256: 'f'.repeat(64) }),
            commit: (at, order) => target.commit(at, order),
            abort: (at, why) => target.abort(at, why),
          };
        },
      };
    },
  };
}

describe('a rehearsal', () => {
  it('moves a guest of the model to and fro, live, and compares its memory each time', () => {
    expect(rehearseMoves(modelWorld(nodePageOps), checksum, 3)).toBe(3);
  });

  it('fails where the target has other memory than the source', () => {
    expect(() => rehearseMoves(forgetfulWorld(), checksum, 1)).toThrow(
      expect.objectContaining({ code: 'memory-mismatch' }),
    );
  });
});
