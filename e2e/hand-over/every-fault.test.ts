/**
 * The exhaustive proof in the simulator: every message and every journal line of a hand-over, with every fault, mended or
 * not; then a second fault at every later message. SKEWBED_EXHAUSTIVE=1 tries all pairs (an hour), CI a part of them
 * that is the same every time.
 */
import { setImmediate } from 'node:timers/promises';
import { NS_PER_MS, trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { BREAKS, everyFault, type Fault, faultText } from './fault.ts';
import { complaint } from './judge.ts';
import { MOVES, type MoveName, type Mutation, outcomeOf, Trial } from './trial.ts';

const ALL_PAIRS = process.env.SKEWBED_EXHAUSTIVE === '1';
/** So many of them in CI for each kind of move: 2 to 6 ms each. */
const PAIRS_IN_CI = 1000;
const MOVE_NAMES = Object.keys(MOVES) as MoveName[];

/** How many messages and journal lines there are when nothing happens. */
function countsOf(move: MoveName): { readonly messages: number; readonly lines: number } {
  const undisturbed = new Trial(move, []);
  undisturbed.run();
  return { messages: undisturbed.messages, lines: undisturbed.lines };
}

/** Runs them all and gives what is wrong; 'undone' are faults whose point never came. */
async function judged(move: MoveName, cases: readonly (readonly Fault[])[]) {
  const wrong: string[] = [];
  const ends = new Map<string, number>();
  let undone = 0;
  for (const [number, faults] of cases.entries()) {
    // Native hashers are given back between two turns of the loop only: without one they come to gigabytes.
    if (number % 1000 === 999) await setImmediate();
    const outcome = outcomeOf(move, faults);
    if (!outcome.done) undone += 1;
    const why = complaint(faults, outcome);
    if (why !== null) wrong.push(`${faults.map(faultText).join('; ')}: ${why} (${JSON.stringify(outcome)})`);
    const end = `${outcome.source}/${outcome.target}`;
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  return { wrong, undone, ends };
}

/** Second faults behind a first one that is mended: at each later message of the hand-over and of its repair. */
function everyPair(messages: number): Fault[][] {
  const pairs: Fault[][] = [];
  for (let number = 1; number <= messages; number += 1) {
    for (const deed of BREAKS) {
      const first: Fault = { point: { at: 'message', number, when: 'lost' }, deed, after: 'mended' };
      for (let later = number + 1; later <= number + 24; later += 1) {
        for (const second of BREAKS) {
          for (const when of ['lost', 'taken'] as const)
            pairs.push([first, { point: { at: 'message', number: later, when }, deed: second, after: 'mended' }]);
        }
      }
    }
  }
  if (ALL_PAIRS) return pairs;
  // Odd and no multiple of the number of deeds, so that the part has each of them.
  let step = Math.ceil(pairs.length / PAIRS_IN_CI) | 1;
  while (step % BREAKS.length === 0) step += 2;
  return pairs.filter((_, index) => index % step === 0);
}

describe.each(MOVE_NAMES)('a hand-over of a guest that is moved %s', (move) => {
  const counts = countsOf(move);

  it('ends on the target when nothing happens', () => {
    expect(outcomeOf(move, [])).toEqual({
      source: 'gone',
      target: 'running',
      committed: true,
      inDoubt: [],
      done: true,
    });
  });

  it('with any one fault at any message or journal line never has two running copies, and ends as it has to', async () => {
    const cases = everyFault(counts).map((fault) => [fault]);
    const { wrong, undone, ends } = await judged(move, cases);
    console.log(
      `hand-over, ${move}: ${cases.length} cases of one fault, at ${counts.messages} messages and ${counts.lines} journal lines`,
    );
    expect(wrong).toEqual([]);
    expect(undone).toBe(0);
    // Canary: every end that there is was seen, so the faults came neither all too early nor all too late.
    for (const end of ['running/gone', 'gone/running', 'suspended/paused', 'suspended/gone', 'suspended/running'])
      expect(ends.get(end), end).toBeGreaterThan(0);
  }, 300_000);

  it('with a second fault after the first likewise', async () => {
    const cases = everyPair(counts.messages);
    const { wrong, undone } = await judged(move, cases);
    console.log(`hand-over, ${move}: ${cases.length - undone} cases of two faults${ALL_PAIRS ? ', all of them' : ''}`);
    expect(wrong).toEqual([]);
    expect(cases.length - undone).toBeGreaterThan(200);
  }, 14_400_000);
});

describe('canary: a coordinator that gives its orders before the commit line is durable', () => {
  const journalLate: Mutation = (ports) => ({
    ...ports,
    journal: {
      lines: ports.journal.lines,
      append: (line, durable) => {
        const { clock, timers, journal } = ports;
        timers.at(clock.now(), durable);
        timers.at(trueNs(clock.now() + 2n * NS_PER_MS), () => journal.append(line, () => {}));
      },
    },
  });

  it.each(MOVE_NAMES)('is caught with two running copies of a guest that is moved %s', (move) => {
    const caught = everyFault(countsOf(move)).filter((fault) => {
      if (fault.deed.kind !== 'crash') return false;
      try {
        return complaint([fault], outcomeOf(move, [fault], journalLate)) !== null;
      } catch (error) {
        expect((error as Error).message).toMatch(/two copies run|the source runs after the commit/);
        return true;
      }
    });
    expect(caught.map(({ deed }) => deed)).toContainEqual({ kind: 'crash', process: 'coordinator' });
  });
});
