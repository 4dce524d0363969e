/**
 * The smallest run in which anything can go wrong: two hosts that agree, a guest on a, and one move to b at 5 s. For tests
 * which do one thing to it and look at what came of that.
 */
import type { EventOf, HistoryKind } from '@skewbed/proto/history.ts';
import { secondsOf } from '@skewbed/proto/units.ts';
import { type ChaosRun, runChaos } from './chaos-run.ts';
import type { Fault } from './faults/index.ts';
import { type ChaosHost, type ChaosMove, SCHEDULE_VERSION, type Schedule } from './schedule.ts';

/** When the guest is suspended. */
export const MOVE_AT_MS = 5000;

const host = (name: string): ChaosHost => ({ name, wallMs: 0, uptimeMs: 11_000, ntpMs: null, patches: [] });
const MOVE: ChaosMove = {
  guest: 'red',
  atMs: MOVE_AT_MS,
  to: 'b',
  downtimeMs: 100,
  stop: 'at-its-instant',
  precopy: 'stop-and-copy',
  verify: 'off',
  bytesPerSecond: null,
  via: 'relay',
  restore: 'fields-2007',
};

/** The schedule, with these faults and these differences. */
export const oneMove = (faults: readonly Fault[], differences: Partial<Schedule> = {}): Schedule => ({
  version: SCHEDULE_VERSION,
  seed: 1,
  hosts: [host('a'), host('b')],
  guests: [{ name: 'red', kernel: 'pvops-6.12', host: 'a', pages: 256, patches: [] }],
  moves: [{ ...MOVE }],
  faults: [...faults],
  ...differences,
});

export type Tried = {
  /** How each fault was read back, in the order in which they said so. */
  readonly outcomes: readonly string[];
  /** Phases of the move with whoever told them: 'b: target committed', 'aborted'. */
  readonly phases: readonly string[];
  /** Where the guest runs in the end, by the last start of it. */
  readonly runsOn: string | undefined;
  /** Seconds after the run's beginning at which it began to run there. */
  readonly since: number;
  /** Codes of failures with the host that told them. */
  readonly failures: readonly string[];
  readonly violations: readonly string[];
  readonly run: ChaosRun;
};

/** Does this to the one move. */
export function tried(faults: readonly Fault[], differences: Partial<Schedule> = {}): Tried {
  const run = runChaos(oneMove(faults, differences));
  const { events, origin } = run.record;
  const of = <K extends HistoryKind>(kind: K): readonly EventOf<K>[] =>
    events.filter((event): event is EventOf<K> => event.kind === kind);
  const by = (who: string | undefined, what: string): string => (who === undefined ? what : `${who}: ${what}`);
  const started = of('guest-started').at(-1);
  return {
    outcomes: of('fault').map(({ outcome, detail }) => `${outcome}: ${detail}`),
    phases: of('migration').map(({ host: who, phase }) => by(who, phase)),
    runsOn: started?.host,
    since: started === undefined ? Number.NaN : secondsOf(started.at - origin),
    failures: of('failure').map(({ host: who, code }) => by(who, code)),
    violations: run.violations.map(({ checker, what }) => `${checker}: ${what}`),
    run,
  };
}
