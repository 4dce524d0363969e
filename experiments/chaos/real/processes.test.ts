/**
 * Chaos on real processes and real sockets: a few fixed schedules at once. What is asserted is what happened, never how
 * long it took. A proxy that does not do its fault, and two copies that a person has made run, must be found.
 */
import { expect, it } from 'vitest';
import type { Fault } from '../faults/index.ts';
import { oneMove } from '../one-move.ts';
import { readReplayCode, replayCode } from '../replay-code.ts';
import type { Schedule } from '../schedule.ts';
import { ProcessBed } from './process-bed.ts';
import { realExit, runBeside } from './real-campaign.ts';
import { RealLink } from './real-link.ts';
import { runReal } from './real-run.ts';

const TIMEOUT_MS = 60_000;

/** Short: moves of `red` from a to b at these instants, and only as much quiet as nodes need that were cut off. */
function brief(faults: readonly Fault[], moveAtMs: readonly number[] = []): Schedule {
  const schedule = oneMove(faults, { moveLimitMs: 1000, quietMs: 2500, moveLeadMs: 400 });
  const [move] = schedule.moves as [Schedule['moves'][number]];
  return { ...schedule, moves: moveAtMs.map((atMs) => ({ ...move, atMs, downtimeMs: 300 })) };
}

it.concurrent(
  'links that break, a coordinator that dies, nodes that stand still and die: as in the simulator, from one replay code',
  async () => {
    const schedule = brief(
      [
        { kind: 'cut', atMs: 500, host: 'b', when: { on: 'phase', phase: 'digest' }, waitsMs: 3000, forMs: 700 },
        { kind: 'date', atMs: 800, host: 'a', byMs: -700 },
        { kind: 'pause', atMs: 1000, process: 'b', forMs: 300 },
        { kind: 'shaping', atMs: 4800, host: 'b', shape: 'delay', amount: 20, forMs: 1200 },
        { kind: 'shaping', atMs: 6600, host: 'a', shape: 'delay', amount: 20, forMs: 1400 },
        { kind: 'crash', atMs: 8200, process: 'coordinator', when: { on: 'time' }, waitsMs: 1, forMs: 1 },
        { kind: 'crash', atMs: 8200, process: 'b', when: { on: 'time' }, waitsMs: 1, forMs: 1 },
      ],
      [2000, 5500],
    );
    const told = await runBeside(ProcessBed.open, readReplayCode(replayCode(schedule)));
    const { run } = told;
    expect(run.violations).toEqual([]);
    expect(told.tally).toEqual({
      'move aborted': 1,
      'move running': 1,
      'cut confirmed': 1,
      'date confirmed': 1,
      'pause confirmed': 1,
      'crash confirmed': 2,
      'shaping confirmed': 2,
    });
    // The one difference: in the simulator nothing passes a link of which nobody wants anything.
    expect(told.differences).toEqual([
      expect.stringMatching(
        /^fault 4 \(shaping\): inconclusive, nothing passed .* \(sim\), confirmed, .* \(processes\)$/,
      ),
    ]);
    expect(realExit([told])).toBe(0);
    // The journal outlived its coordinator; the node that was killed came back as a machine that has just booted.
    expect(run.record.journal!.filter((line) => line.includes('"opened"'))).toHaveLength(2);
    expect(run.record.events.filter(({ kind, host }) => kind === 'host-started' && host === 'b')).toHaveLength(2);
    // It took its last events along, and its guest.
    expect(told.unjudged.join()).toContain('nothing is said of red');
  },
  TIMEOUT_MS,
);

it.concurrent(
  'a proxy that does not do its fault is found out, and so are two copies, when a person aborts what was committed',
  async () => {
    const idle: Fault = { kind: 'cut', atMs: 500, host: 'b', when: { on: 'time' }, waitsMs: 1, forMs: 2500 };
    const real: Fault = {
      kind: 'cut',
      atMs: 600,
      host: 'a',
      when: { on: 'phase', phase: 'commit' },
      waitsMs: 4500,
      forMs: 1500,
    };
    const run = await runReal(
      async (...how) => {
        const bed = await ProcessBed.open(...how);
        void abortInDoubt(bed, 'a');
        return bed;
      },
      brief([idle, real], [4000]),
      { makeLink: (...parts) => (parts[1].name.includes('node-b') ? new IdleLink(...parts) : new RealLink(...parts)) },
    );
    expect(run.violations[0]).toMatchObject({ checker: 'copies', what: 'red runs on a and on b at once' });
    const faults = run.violations.filter(({ checker }) => checker === 'faults').map(({ what }) => what);
    expect(faults).toEqual([expect.stringMatching(/^fault 0 \(cut\): .* pieces came through all the same/)]);
  },
  TIMEOUT_MS,
);

/** A person at the node, who waits until it is in doubt, and decides without looking at the target. */
async function abortInDoubt(bed: ProcessBed, host: string): Promise<void> {
  for (;;) {
    const answer = await bed.askNode(host, 'POST', '/v1/migrations/m1/resolve', { decision: 'abort' });
    if (answer === 'gone' || answer === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

class IdleLink extends RealLink {
  protected override breakAll(): void {}
}
