/** A judged run in words and a table, for people. */
import { verdictSentence } from '@skewbed/experiments/report/sentence.ts';
import type { JudgedRun } from '@skewbed/experiments/result.ts';
import { migrationLines } from './migration-text.ts';
import { lengthText, say, styled, table, verdictText } from './terminal.ts';

/** Prints what a run showed, and where it is kept. */
export function printRun({ result, outcome, reasons, events }: JudgedRun, folder: string): void {
  const { probes } = result;
  say(
    `${styled('bold', result.scenario)} on ${result.testbed}, seed ${result.seed}, scale ${result.scale}: ${result.kernel}, ${[result.restore, ...result.patches].join(' + ')}`,
  );
  say(verdictSentence(result));
  say();
  say(
    table(
      ['probe in the guest', 'what it saw'],
      [
        ...(probes.newSleep ? [['sleep(1) after the resume', `late by ${lengthText(probes.newSleep.late)}`]] : []),
        ...(probes.oldSleep
          ? [
              [
                'sleep with 60 s left',
                `late by ${lengthText(probes.oldSleep.late)}, early by ${lengthText(probes.oldSleep.early)}`,
              ],
            ]
          : []),
        ...(probes.date
          ? [
              [
                'date',
                `stood ${lengthText(probes.date.stuckFor)}, stepped ${lengthText(probes.date.step)}, ahead of its host ${lengthText(probes.date.aheadOfHost)}`,
              ],
            ]
          : []),
        ...(probes.monotonic
          ? [
              [
                'CLOCK_MONOTONIC',
                `stood ${lengthText(probes.monotonic.stuckFor)}, leapt ${lengthText(probes.monotonic.leap)}`,
              ],
            ]
          : []),
        ...(probes.jiffies ? [['jiffies', `stood ${lengthText(probes.jiffies.stuckFor)}`]] : []),
        ...(probes.schedClock
          ? [
              [
                'sched_clock',
                `stood ${lengthText(probes.schedClock.stuckFor)}, leapt ${lengthText(probes.schedClock.leap)}`,
              ],
            ]
          : []),
        ...(probes.vcpu ? [['vCPU, as Xen sees it', `blocked ${lengthText(probes.vcpu.blockedFor)}`]] : []),
        ...(probes.cpuLoop ? [['cpu loop', probes.cpuLoop.ran ? 'ran' : 'did not run']] : []),
        ...(probes.netEcho ? [['network echo', probes.netEcho.ok ? 'answered' : 'silent']] : []),
        ...result.sleeps.map((sleep) => [
          `sleep(${sleep.length}) armed at ${Object.is(sleep.armed, -0) ? '-0' : sleep.armed}`,
          `back after ${lengthText(sleep.returnedAfter)}`,
        ]),
      ],
    ),
  );
  say();
  for (const line of migrationLines(events)) say(line);
  say(`fault      ${result.fault}`);
  say(`verdict    ${verdictText(result.verdict)}${result.also.length === 0 ? '' : `, also ${result.also.join(', ')}`}`);
  say(`mechanism  ${result.mechanism}`);
  for (const each of result.evidence)
    say(
      `           ${each.variable} held ${each.holds} s and waited for the ${each.waitsOn}: ${lengthText(each.freedAfter)}`,
    );
  for (const reason of reasons) say(styled('dim', `           ${reason}`));
  say(`outcome    ${outcome.outcome === 'pass' ? styled('green', 'pass') : styled('red', outcome.outcome)}`);
  say(`kept in    ${folder}`);
  say(`again      ${result.replay}`);
}
