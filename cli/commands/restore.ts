/** skewbed restore: a saved guest on a fresh simulated host, and what its programs see there. */
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { writeSaveFile } from '@skewbed/experiments/save-files/file-input.ts';
import { inspectSave } from '@skewbed/experiments/save-files/inspect.ts';
import { type Restored, type RestoreOptions, restoreGuest } from '@skewbed/experiments/save-files/restore.ts';
import { verifySave } from '@skewbed/experiments/save-files/verify.ts';
import { RESTORE_POLICIES } from '@skewbed/experiments/scenarios/scenario.ts';
import { readDuration } from '@skewbed/model/time/nanos.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { saveFileBytes } from '@skewbed/proto/libxc/save-file-writer.ts';
import { NS_PER_S, secondsOf } from '@skewbed/proto/units.ts';
import { readSaveFileFrom } from '../save-file-input.ts';
import { say, styled, table } from '../terminal.ts';
import { sayVerification } from './verify.ts';

export type RestoreCommand = {
  readonly restore: string;
  readonly wall: string;
  readonly uptime?: string;
  readonly patch: readonly string[];
  readonly for: string;
  readonly save?: string;
  readonly json?: true;
};

const RUN_MAX_NS = 3600n * NS_PER_S;
/** Every guest waits for its next tick; what holds longer than this is no tick. */
const SHOWN_FROM_NS = NS_PER_S / 5n;

/** Restores a file: verifies it, builds the guest, may save it again, runs it, tells. */
export function restore(file: string, command: RestoreCommand): number {
  if (file === '-') {
    throw new SkewbedError(
      'bad-argument',
      'a file is verified first and then read again, which standard input cannot: give a file',
      '-',
    );
  }
  const options = optionsOf(command);
  const verification = readSaveFileFrom(file, 'verifying', verifySave);
  if (!verification.sound) {
    if (command.json) process.stdout.write(jsonText({ schema: 1, file, ...verification }));
    else sayVerification(file, verification);
    return EXIT.fail;
  }
  const seen = readSaveFileFrom(file, 'reading', inspectSave);
  const guest = readSaveFileFrom(file, 'restoring', (input) => restoreGuest(input, seen, options));
  if (command.save !== undefined) writeSaveFile(command.save, saveFileBytes(guest.saveAgain()));
  const restored = guest.run();
  if (command.json) process.stdout.write(jsonText({ schema: 1, file, restore: options.policy, ...jsonOf(restored) }));
  else sayRestored(restored, options);
  return restored.audits.every(({ ok }) => ok) ? EXIT.pass : EXIT.fail;
}

function optionsOf({ restore, wall, uptime, patch, for: length }: RestoreCommand): RestoreOptions {
  const policy = RESTORE_POLICIES.find((each) => each === restore);
  if (policy === undefined) {
    throw new SkewbedError(
      'bad-argument',
      `there is no restore policy '${restore}'; there are ${RESTORE_POLICIES.join(', ')}`,
      '--restore',
    );
  }
  const runForNs = readDuration(length);
  if (runForNs < 0n || runForNs > RUN_MAX_NS) {
    throw new SkewbedError('bad-argument', `the guest cannot run for ${length}; give 0s to 1h`, '--for');
  }
  const uptimeNs = uptime === undefined ? null : readDuration(uptime);
  if (uptimeNs !== null && uptimeNs < 0n) {
    throw new SkewbedError(
      'bad-argument',
      `an uptime of ${uptime}; a host that runs has one of zero or more`,
      '--uptime',
    );
  }
  return { policy, wallByNs: readDuration(wall), uptimeNs, hostPatches: patch, runForNs };
}

const dateOf = (ns: bigint): string => new Date(Number(ns / 1_000_000n)).toISOString();

function sayRestored(restored: Restored, { policy }: RestoreOptions): void {
  say(`${restored.domain}: kernel ${restored.kernel}, ${restored.pages} pages, restored by ${policy}`);
  say(
    table(
      ['', 'at the save', 'where it runs again'],
      [
        ['wall', dateOf(restored.savedWallNs), dateOf(restored.wallNs)],
        ['uptime', `${secondsOf(restored.savedUptimeNs)} s`, `${secondsOf(restored.uptimeNs)} s`],
      ],
    ),
  );
  say(`memory ${restored.digest.sha256}, ${restored.digest.pages} pages`);
  for (const { what, ok, problems } of restored.audits) {
    say(
      `${ok ? styled('green', 'ok') : styled('red', 'wrong')}  ${what}${problems.map((each) => `\n    ${each}`).join('')}`,
    );
  }
  const start = restored.probes[0]?.at ?? 0n;
  say(
    table(
      ['after', 'date', 'monotonic', 'jiffies', 'sched_clock', 'held by'],
      restored.probes.map(({ at, reading, held }) => [
        `${secondsOf(at - start)} s`,
        dateOf(reading.dateNs),
        `${secondsOf(reading.monotonicNs)} s`,
        `${reading.jiffies}`,
        `${secondsOf(reading.schedClockNs)} s`,
        held
          .filter(({ holdsNs, clockNs }) => holdsNs - clockNs > SHOWN_FROM_NS)
          .map((each) => `${each.variable} (${each.mechanism}), for ${secondsOf(each.holdsNs - each.clockNs)} s`)
          .join('\n'),
      ]),
    ),
  );
  for (const line of restored.console) say(styled('dim', `console: ${line}`));
}

function jsonOf({ probes, savedWallNs, savedUptimeNs, wallNs, uptimeNs, ...rest }: Restored) {
  return {
    ...rest,
    clocks: {
      saved: { wallNs: `${savedWallNs}`, uptimeNs: `${savedUptimeNs}` },
      here: { wallNs: `${wallNs}`, uptimeNs: `${uptimeNs}` },
    },
    probes: probes.map(
      ({ at, reading, held }) =>
        JSON.parse(
          JSON.stringify({ atNs: at, reading, held }, (_key, value: unknown) =>
            typeof value === 'bigint' ? `${value}` : value,
          ),
        ) as unknown,
    ),
  };
}
