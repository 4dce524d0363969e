import type { HostConfig } from '@skewbed/model/xen/host-event.ts';
import { NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import { nodePageOps } from '@skewbed/runtime/page-ops.ts';
import { describe, expect, it } from 'vitest';
import { modelWorld } from '../core/model-world.ts';
import { Stage } from './stage.ts';

const UTC = 1_227_774_104n * NS_PER_S;

function host(name: string, wallSkew: string, uptimeSkew: string): HostConfig {
  return {
    name,
    origin: trueNs(0n),
    wallSkew,
    utcAtZeroNs: UTC,
    uptimeSkew,
    ntpPeriodNs: null,
    tscHz: 2_000_000_000n,
    frames: 16_384,
    mfnSalt: name.charCodeAt(0),
    patches: [],
    domctl51: false,
  };
}

describe('a guest of the model, moved over the wire', () => {
  it('runs on the target with the memory that it had at the suspend', () => {
    const world = modelWorld(nodePageOps);
    const stage = new Stage({ worlds: { a: world, b: world } });
    stage.ask('a', { command: 'configure-host', config: host('a', '+0s', '1000000s') });
    stage.ask('b', { command: 'configure-host', config: host('b', '+2s', '200000s') });
    stage.ask('a', {
      command: 'step',
      at: null,
      event: {
        type: 'create-domain',
        spec: {
          name: 'guest',
          kernel: 'pvops-2.6.35',
          build: 'smp',
          vcpus: 1,
          pages: 4096,
          hz: 100,
          patches: [],
          reader: 'each-tick',
          writerPages: 64,
        },
      },
    });
    stage.ask('a', { command: 'step', at: trueNs(NS_PER_S), event: { type: 'unpause', domain: 'guest' } });
    const moved = stage.ask('coordinator', {
      command: 'migrate',
      migration: 'm1',
      domain: 'guest',
      from: 'a',
      to: 'b',
      restore: 'fields-2007',
      suspendAt: trueNs(3n * NS_PER_S),
      runAt: trueNs(5n * NS_PER_S),
      sourceWallAheadNs: 0n,
    });
    expect(moved.pausedForNs).toBe(2n * NS_PER_S);
    stage.pass(10);
    expect(stage.ask('b', { command: 'read-clocks' }).domains).toEqual(['guest']);
    expect(stage.ask('a', { command: 'read-clocks' }).domains).toEqual([]);
    stage.ask('b', { command: 'step', at: null, event: { type: 'audit' } });
    const digests = stage.events.flatMap((event) =>
      event.kind === 'memory-digest' ? [[event.side, event.sha256]] : [],
    );
    expect(digests.toSorted()).toEqual([
      ['source', moved.sha256],
      ['target', moved.sha256],
    ]);
    // The pattern of the page writer would break with a page that was lost, doubled or stale.
    const checked = stage.events.find((event) => event.kind === 'writer-checked');
    expect(checked).toMatchObject({ host: 'b', badPages: [] });
    expect(checked?.kind === 'writer-checked' && checked.writes > 0n).toBe(true);
    expect(stage.events.find((event) => event.kind === 'frames-audit')).toMatchObject({ host: 'b', ok: true });
    expect(stage.events.filter((event) => event.kind === 'failure')).toEqual([]);
  });
});
