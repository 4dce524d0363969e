import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { drawSchedule } from './generator.ts';
import { looksLikeCode, readReplayCode, replayCode, replayCommand } from './replay-code.ts';

const codeOf = (data: unknown, version = 1): string =>
  `sb${version}.${deflateRawSync(JSON.stringify(data)).toString('base64url')}`;

describe('a replay code', () => {
  it('carries a whole schedule', () => {
    for (let seed = 0; seed < 50; seed++) {
      const schedule = drawSchedule(seed);
      const code = replayCode(schedule);
      expect(looksLikeCode(code)).toBe(true);
      expect(readReplayCode(code)).toEqual(schedule);
      expect(replayCommand(schedule)).toBe(`npx skewbed replay ${code}`);
    }
  });

  it('is told from a file', () => {
    expect(looksLikeCode('runs/t1/1/history.jsonl')).toBe(false);
    expect(looksLikeCode('sb1')).toBe(false);
  });

  it.each([
    ['of another version', codeOf({ version: 2 }, 2), /version 2; this program reads 1/],
    ['cut off', replayCode(drawSchedule(1)).slice(0, 60), /damaged/],
    ['of something else', codeOf({ hello: 1 }), /a schedule of version undefined/],
    ['with an unknown key', codeOf({ ...drawSchedule(1), colour: 'red' }), /unknown key "colour"/],
    ['with a guest on no host', codeOf({ ...drawSchedule(1), hosts: [] }), /bad-schedule|hosts/],
    ['of no form at all', 'hello', /is no replay code/],
  ])('%s is refused', (_, code, message) => {
    expect(() => readReplayCode(code)).toThrow(message);
  });

  it('names a host that the schedule does not have', () => {
    const schedule = drawSchedule(1);
    const fault = { kind: 'date', atMs: 1, host: 'z', byMs: 5 };
    expect(() => readReplayCode(codeOf({ ...schedule, faults: [fault] }))).toThrow(/a fault date of z/);
  });
});
