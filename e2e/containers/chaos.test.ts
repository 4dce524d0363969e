/**
 * Chaos in containers: kill -9, freezing and cutting off done by the engine, the coordinator among those that are killed.
 * Real time on a shared machine, and an engine that takes its time: what is asserted is what happened.
 */

import { DockerHands } from '@skewbed/cli/docker-hands.ts';
import { oneMove } from '@skewbed/experiments/chaos/one-move.ts';
import { ContainerBed } from '@skewbed/experiments/chaos/real/container-bed.ts';
import { realExit, runBeside } from '@skewbed/experiments/chaos/real/real-campaign.ts';
import type { OpenBed } from '@skewbed/experiments/chaos/real/real-run.ts';
import type { Schedule } from '@skewbed/experiments/chaos/schedule.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { describeContainers } from './engine.ts';

const TIMEOUT_MS = 240_000;

describeContainers('chaos in containers', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(['a', 'b']);
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  const open: OpenBed = (schedule, options) => {
    const { coordinatorUrl, token } = cluster.runner('chaos');
    const hands = new DockerHands(async (name) => cluster.idOf(name));
    return ContainerBed.open(schedule, { coordinatorUrl, token, hands }, options);
  };
  const moving = (faults: Schedule['faults'], atMs: number): Schedule => {
    const schedule = oneMove(faults, { moveLimitMs: 3000, quietMs: 5000, moveLeadMs: 600 });
    return { ...schedule, moves: schedule.moves.map((move) => ({ ...move, atMs, downtimeMs: 300 })) };
  };

  it(
    'the coordinator and a node are killed, a node stands still: a guest moves in between, and the checkers find nothing',
    async () => {
      const schedule = moving(
        [
          { kind: 'date', atMs: 800, host: 'a', byMs: -700 },
          { kind: 'pause', atMs: 1000, process: 'b', forMs: 2000 },
          { kind: 'crash', atMs: 4000, process: 'coordinator', when: { on: 'time' }, waitsMs: 1, forMs: 500 },
          { kind: 'crash', atMs: 24_000, process: 'a', when: { on: 'time' }, waitsMs: 1, forMs: 500 },
          { kind: 'stall', atMs: 25_000, host: 'a', forMs: 1000 },
        ],
        20_000,
      );
      const told = await runBeside(open, schedule);
      expect(told.run.violations).toEqual([]);
      expect(told.tally).toEqual({
        'move running': 1,
        'date confirmed': 1,
        'pause confirmed': 1,
        'crash confirmed': 2,
        'stall inconclusive': 1,
      });
      // The one fault that does not exist here says so, and is the one difference from the simulator.
      expect(told.differences).toEqual([expect.stringMatching(/^fault 4 \(stall\): .* not done: there is no stall/)]);
      expect(told.run.record.journal!.some((line) => line.includes('"committed"'))).toBe(true);
    },
    TIMEOUT_MS,
  );

  it(
    'a node is cut off while a guest is to move to it: the move ends somehow, one copy runs, and the node comes back',
    async () => {
      const schedule = moving(
        [{ kind: 'cut', atMs: 3000, host: 'b', when: { on: 'time' }, waitsMs: 1, forMs: 3000 }],
        4500,
      );
      const told = await runBeside(open, schedule);
      expect(told.run.violations).toEqual([]);
      expect(told.tally).toMatchObject({ 'cut confirmed': 1 });
      expect(realExit([told])).toBe(0);
    },
    TIMEOUT_MS,
  );
});
