/**
 * Runs as a JUnit file, for the test servers that everybody has. One test case a run; a fault that was not confirmed is an
 * error (the test did not take place), an expectation that was not met a failure. Times are left out: a simulated run has
 * none that mean anything to a test server.
 */
import type { JudgedRun } from './result.ts';

/** The XML text of a suite of runs. */
export function junitOf(suite: string, runs: readonly Pick<JudgedRun, 'result' | 'outcome' | 'reasons'>[]): string {
  const count = (outcome: string) => runs.filter((run) => run.outcome.outcome === outcome).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites><testsuite name="${xml(suite)}" tests="${runs.length}" failures="${count('fail')}" errors="${count('fault-not-confirmed')}">`,
    ...runs.map(testCase),
    '</testsuite></testsuites>',
    '',
  ].join('\n');
}

function testCase({ result, outcome, reasons }: Pick<JudgedRun, 'result' | 'outcome' | 'reasons'>): string {
  const name = [result.scenario, result.kernel, result.restore, ...result.patches].join(' ');
  const head = `<testcase classname="skewbed.${xml(result.testbed)}" name="${xml(name)}"`;
  const says = `verdict ${result.verdict}, mechanism ${result.mechanism}`;
  const body = `${says}\n${reasons.join('\n')}\n${result.replay}`;
  switch (outcome.outcome) {
    case 'pass':
      return `${head}><system-out>${xml(says)}</system-out></testcase>`;
    case 'fail':
      return `${head}><failure message="${xml(outcome.problems.join('; '))}">${xml(body)}</failure></testcase>`;
    case 'fault-not-confirmed':
      return `${head}><error message="${xml(outcome.problems.join('; '))}">${xml(body)}</error></testcase>`;
    default:
      return outcome.outcome satisfies never;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text for XML 1.0, which knows no control characters at all. */
export const xml = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML forbids exactly these
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd').replace(/[&<>"']/g, (char) => ENTITIES[char]!);
