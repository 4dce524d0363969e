/** A campaign for people and machines that read text: lines for a terminal, JUnit, a summary for GitHub. */
import { blindness, type CampaignResult, type Failure } from './campaign-result.ts';

/** One failure; its last line is the command that repeats it. */
export function failureLines({
  seed,
  checker,
  at,
  what,
  also,
  history,
  shrunk,
  thresholds,
  replay,
}: Failure): readonly string[] {
  return [
    `seed ${seed}: ${checker} after ${at.toFixed(3)} s: ${what}`,
    ...also.map((other) => `  also ${other}`),
    `  history ${history}`,
    ...(shrunk === null
      ? ['  not shrunk']
      : [
          `  shrunk to ${count(shrunk.faults, 'fault')}, ${count(shrunk.moves, 'move')}, ${count(shrunk.guests, 'guest')}, ${count(shrunk.hosts, 'host')} in ${shrunk.runs} runs`,
        ]),
    ...thresholds.map(
      ({ of, clock, value, unit }) =>
        `  smallest that still does it: ${of}${clock === null ? '' : ` [${clock}]`} = ${value} ${unit}`,
    ),
    replay,
  ];
}

/** The last lines of a campaign. */
export function summaryLines(result: CampaignResult): readonly string[] {
  const { seeds, failures, twice, seconds, simulatedSeconds, tally } = result;
  const rate = seconds > 0 ? seeds / seconds : 0;
  const blind = blindness(result);
  return [
    `${seeds} seeds, ${failures.length} with findings, ${twice} run twice; ${Math.round(rate * 60)} seeds a minute, ${Math.round(simulatedSeconds / Math.max(seconds, 0.001))} simulated seconds a second`,
    `${tally['move running'] ?? 0} moves ended well, ${tally['move aborted'] ?? 0} were aborted; faults: ${outcomes(tally)}`,
    ...(blind === null ? [] : [`blind: ${blind}`]),
  ];
}

/** The campaign as a JUnit file: a case for each failing seed, and one for all the others. */
export function campaignJunit(result: CampaignResult): string {
  const { seeds, failures, first } = result;
  const blind = blindness(result);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites><testsuite name="skewbed chaos" tests="${seeds}" failures="${failures.length}" errors="${blind === null ? 0 : 1}" time="${result.seconds.toFixed(1)}">`,
    ...failures.map(
      (failure) =>
        `<testcase classname="skewbed.chaos" name="seed ${failure.seed}"><failure message="${xml(`${failure.checker}: ${failure.what}`)}">${xml(failureLines(failure).join('\n'))}</failure></testcase>`,
    ),
    `<testcase classname="skewbed.chaos" name="${seeds - failures.length} other seeds from ${first} on">${blind === null ? '' : `<error message="${xml(blind)}"/>`}<system-out>${xml(summaryLines(result).join('\n'))}</system-out></testcase>`,
    '</testsuite></testsuites>',
    '',
  ].join('\n');
}

/** Markdown for the summary page of a GitHub job. */
export function campaignMarkdown(result: CampaignResult): string {
  const { failures } = result;
  const [head, ...rest] = summaryLines(result);
  return [
    `### skewbed chaos: ${failures.length === 0 ? 'nothing found' : count(failures.length, 'seed with findings', 'seeds with findings')}`,
    '',
    `${head}. ${rest.join('. ')}.`,
    '',
    ...(failures.length === 0
      ? []
      : [
          '| seed | checker | what | shrunk to |',
          '| --- | --- | --- | --- |',
          ...failures.map(
            ({ seed, checker, what, shrunk }) =>
              `| ${seed} | ${checker} | ${what.replaceAll('|', '\\|')} | ${shrunk === null ? '-' : count(shrunk.faults, 'fault')} |`,
          ),
          '',
          ...failures.flatMap(({ replay }) => ['```', replay, '```']),
          '',
        ]),
  ].join('\n');
}

function outcomes(tally: Readonly<Record<string, number>>): string {
  const sum = (outcome: string): number =>
    Object.entries(tally).reduce((total, [word, times]) => (word.endsWith(` ${outcome}`) ? total + times : total), 0);
  return ['confirmed', 'inconclusive', 'mismatch'].map((outcome) => `${sum(outcome)} ${outcome}`).join(', ');
}

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const xml = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML forbids exactly these
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd').replace(/[&<>"]/g, (char) => ENTITIES[char]!);
