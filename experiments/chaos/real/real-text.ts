/** Runs on real nodes for people and machines that read text: lines for a terminal, JUnit, a summary for GitHub. */
import { secondsOf } from '@skewbed/proto/units.ts';
import { EXIT } from '../../checkers/expect.ts';
import { xml } from '../../junit.ts';
import { realExit, realReplayCommand, type ToldRun } from './real-campaign.ts';

const violationLines = ({ run }: ToldRun): readonly string[] =>
  run.violations.map(({ checker, atNs, what }) => `${checker} after ${secondsOf(atNs).toFixed(3)} s: ${what}`);

/** Everything about one run; where something was found the last line is the command that repeats it. */
export function runLines(told: ToldRun): readonly string[] {
  const { run, differences, unjudged, tally } = told;
  const faults = run.record.events.filter((event) => event.kind === 'fault');
  return [
    `seed ${run.schedule.seed}: ${tally['move running'] ?? 0} moves ended well, ${tally['move aborted'] ?? 0} were aborted; ${secondsOf(run.simulatedNs).toFixed(0)} s`,
    ...faults.map(({ fault, number, outcome, detail }) => `  fault ${number} (${fault}): ${outcome}, ${detail}`),
    ...unjudged.map((line) => `  not judged: ${line}`),
    ...differences.map((line) => `  differs: ${line}`),
    ...violationLines(told).map((line) => `  ${line}`),
    ...(run.violations.length > 0 ? [realReplayCommand(run)] : []),
  ];
}

/** The last line of a campaign. */
export function realSummary(told: readonly ToldRun[], on: string): string {
  const failing = told.filter(({ run }) => run.violations.length > 0).length;
  const differing = told.filter(({ differences }) => differences.length > 0).length;
  const blind = isBlind(told) ? '; blind: no fault could be confirmed' : '';
  return `${told.length} seeds on ${on}, ${failing} with findings, ${differing} otherwise than in the simulator${blind}`;
}

/** A case for each seed. */
export function realJunit(told: readonly ToldRun[], on: string): string {
  const failures = told.filter(({ run }) => run.violations.length > 0).length;
  const blind = isBlind(told);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites><testsuite name="skewbed chaos on ${on}" tests="${told.length}" failures="${failures}" errors="${blind ? told.length : 0}">`,
    ...told.map((one) => {
      const body = xml(runLines(one).join('\n'));
      const [first] = violationLines(one);
      const wrong =
        first !== undefined
          ? `<failure message="${xml(first)}">${body}</failure>`
          : blind
            ? `<error message="no fault could be confirmed">${body}</error>`
            : `<system-out>${body}</system-out>`;
      return `<testcase classname="skewbed.chaos.${on}" name="seed ${one.run.schedule.seed}">${wrong}</testcase>`;
    }),
    '</testsuite></testsuites>',
    '',
  ].join('\n');
}

/** Markdown for the summary page of a GitHub job. */
export function realMarkdown(told: readonly ToldRun[], on: string): string {
  const failing = told.filter(({ run }) => run.violations.length > 0);
  return [
    `### skewbed chaos on ${on}: ${failing.length === 0 ? 'nothing found' : `${failing.length} seeds with findings`}`,
    '',
    `${realSummary(told, on)}.`,
    '',
    ...failing.flatMap((one) => ['```', ...runLines(one), '```', '']),
  ].join('\n');
}

const isBlind = (told: readonly ToldRun[]): boolean => realExit(told) === EXIT['fault-not-confirmed'];
