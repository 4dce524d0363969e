/**
 * What a run came to, whatever it ran on: how each move ended and by which phases, how each fault was read back, what the
 * checkers found. Two runs of one schedule, in the simulator and on real nodes, are held together by it.
 */
import type { ChaosRun } from './chaos-run.ts';

type MoveOutcome = {
  /** Phases as the coordinator told them, in their order; none when it never began. */
  readonly phases: readonly string[];
};
type FaultOutcome = { readonly fault: string; readonly outcome: string; readonly detail: string };

export type RunOutcomes = {
  readonly moves: ReadonlyMap<string, MoveOutcome>;
  /** By the fault's number in the schedule. */
  readonly faults: ReadonlyMap<number, FaultOutcome>;
  /** Checkers that found something. */
  readonly found: readonly string[];
};

/** Reads the outcomes from a run. */
export function outcomesOf({ schedule, record, violations }: Pick<ChaosRun, 'schedule' | 'record' | 'violations'>) {
  const phases = new Map<string, string[]>(schedule.moves.map((_, index) => [`m${index + 1}`, []]));
  const faults = new Map<number, FaultOutcome>();
  for (const event of record.events) {
    if (event.kind === 'migration' && event.host === undefined) phases.get(event.migration)?.push(event.phase);
    if (event.kind === 'fault') faults.set(event.number, event);
  }
  const moves = new Map([...phases].map(([name, list]) => [name, { phases: list }]));
  const found = [...new Set(violations.map(({ checker }) => checker))].sort();
  return { moves, faults, found } satisfies RunOutcomes;
}

/** How many moves ended how, and how many faults were read back as what: the words of a campaign's tally. */
export function tallyOf({ moves, faults }: RunOutcomes): Readonly<Record<string, number>> {
  const tally: Record<string, number> = {};
  const count = (word: string): void => {
    tally[word] = (tally[word] ?? 0) + 1;
  };
  for (const { phases } of moves.values())
    for (const end of ['running', 'aborted']) if (phases.includes(end)) count(`move ${end}`);
  for (const { fault, outcome } of faults.values()) count(`${fault} ${outcome}`);
  return tally;
}

/** Where the second run came to something else than the first, one line each; empty where they agree. */
export function differences(
  { name: one, outcomes: first }: { readonly name: string; readonly outcomes: RunOutcomes },
  { name: other, outcomes: second }: { readonly name: string; readonly outcomes: RunOutcomes },
): readonly string[] {
  const lines: string[] = [];
  const say = (what: string, there: string, here: string): void => {
    if (there !== here) lines.push(`${what}: ${there} (${one}), ${here} (${other})`);
  };
  for (const [name, move] of first.moves) say(name, courseOf(move), courseOf(second.moves.get(name)));
  for (const [number, fault] of first.faults) {
    const mine = second.faults.get(number);
    if (mine?.outcome !== fault.outcome)
      say(`fault ${number} (${fault.fault})`, faultText(fault), mine === undefined ? 'not told' : faultText(mine));
  }
  say('checkers', foundText(first), foundText(second));
  return lines;
}

const courseOf = (move: MoveOutcome | undefined): string =>
  move === undefined || move.phases.length === 0 ? 'never began' : move.phases.join(' > ');
const faultText = ({ outcome, detail }: FaultOutcome): string => `${outcome}, ${detail}`;
const foundText = ({ found }: RunOutcomes): string => found.join(', ') || 'nothing';
