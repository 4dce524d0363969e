/** What a campaign on real nodes comes to: a JSON document with a schema (docs/schemas/). Figures are seconds as numbers. */
import { closed } from '@skewbed/proto/control/fields.ts';
import { secondsOf } from '@skewbed/proto/units.ts';
import { type Static, Type } from 'typebox';
import { Count, told } from '../result-fields.ts';
import { type RealTestbed, realReplayCommand, type ToldRun } from './real-campaign.ts';

const RunFields = closed({
  seed: Count,
  violations: Type.Array(
    closed({
      checker: Type.String(),
      at: told(Type.Number(), 'Seconds of true time after the beginning of the run.'),
      what: Type.String(),
    }),
  ),
  tally: told(
    Type.Record(Type.String(), Count),
    'How many moves ended how, and how many faults were read back as what.',
  ),
  differences: told(Type.Array(Type.String()), 'What the same schedule came to otherwise in the simulator.'),
  unjudged: told(Type.Array(Type.String()), 'What the checkers could not say, because nobody saw it.'),
  seconds: told(Type.Number(), 'Of true time, from the beginning of the run to its end.'),
  replay: told(Type.String(), 'The command that repeats it on such nodes.'),
});

export const RealFields = closed({
  schema: Type.Literal(1),
  kind: Type.Literal('chaos-real'),
  testbed: Type.Union([Type.Literal('processes'), Type.Literal('containers')]),
  runs: Type.Array(RunFields),
});
export type RealResult = Static<typeof RealFields>;

export const realResult = (told: readonly ToldRun[], testbed: RealTestbed): RealResult => ({
  schema: 1,
  kind: 'chaos-real',
  testbed,
  runs: told.map(({ run, differences, unjudged, tally }) => ({
    seed: run.schedule.seed,
    violations: run.violations.map(({ checker, atNs, what }) => ({ checker, at: secondsOf(atNs), what })),
    tally,
    differences: [...differences],
    unjudged: [...unjudged],
    seconds: secondsOf(run.simulatedNs),
    replay: realReplayCommand(run),
  })),
});
