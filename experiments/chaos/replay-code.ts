/**
 * A replay code: a whole schedule in one word that survives mail, chat and shells. `sb1.` and the schedule as JSON,
 * deflated, in base64url. The version is in front; the seed is in the schedule.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { readSchedule, SCHEDULE_VERSION, type Schedule } from './schedule.ts';

const PREFIX = /^sb(\d+)\.([A-Za-z0-9_-]+)$/;
/** A schedule of 128 faults is about 20 KiB of JSON. */
const JSON_MAX_BYTES = 1024 * 1024;

/** The code of a schedule. */
export function replayCode(schedule: Schedule): string {
  const body = deflateRawSync(JSON.stringify(schedule), { level: 9 }).toString('base64url');
  return `sb${SCHEDULE_VERSION}.${body}`;
}

/** The command that repeats a run, to be pasted as it is: the last line of every failure. */
export const replayCommand = (schedule: Schedule): string => `npx skewbed replay ${replayCode(schedule)}`;

/** Whether what somebody typed is meant as a code, and not as a file. */
export const looksLikeCode = (text: string): boolean => PREFIX.test(text);

/** Every code in a text: a JUnit file, a report, a log, a mail. In their order, each once. */
export const codesIn = (text: string): readonly string[] => [
  ...new Set(text.match(/(?<![A-Za-z0-9_.-])sb\d+\.[A-Za-z0-9_-]{16,}/g) ?? []),
];

/** The schedule of a code. */
export function readReplayCode(code: string): Schedule {
  const match = PREFIX.exec(code);
  if (match === null)
    throw new SkewbedError('bad-schedule', `'${code.slice(0, 40)}' is no replay code; one looks like sb1.7VZt...`);
  const [, version, body] = match as unknown as [string, string, string];
  if (Number(version) !== SCHEDULE_VERSION) {
    throw new SkewbedError(
      'bad-schedule',
      `a replay code of version ${version}; this program reads ${SCHEDULE_VERSION}: replay it with the Skewbed that printed it`,
    );
  }
  let data: unknown;
  try {
    data = JSON.parse(
      inflateRawSync(Buffer.from(body, 'base64url'), { maxOutputLength: JSON_MAX_BYTES }).toString('utf8'),
    );
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new SkewbedError('bad-schedule', `the replay code is damaged (${cause}); copy all of it, without line ends`);
  }
  return readSchedule(data, 'replay code');
}
