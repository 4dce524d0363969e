import { describe, expect, it } from 'vitest';
import type { HistoryEvent, HistoryHeader } from './history.ts';
import { eventLine, readHistory, writeHistory } from './history-file.ts';
import { hostUptimeNs, hostWallNs, trueNs } from './units.ts';

const header: HistoryHeader = { skewbed: 1, scenario: 't1', testbed: 'sim', seed: 1, scale: 1, plan: { a: ['+0s'] } };

const probe: HistoryEvent = {
  at: trueNs(5_000_000_000n),
  host: 'a',
  uptimeNs: hostUptimeNs(1_000_000n * 1_000_000_000n),
  wallNs: hostWallNs(1_227_774_104_000_000_000n),
  kind: 'probe',
  domain: 'guest',
  why: 'tick',
  reading: {
    dateNs: -1n,
    monotonicNs: 2n ** 63n,
    jiffies: 300n,
    schedClockNs: 0n,
    vcpu: 'running',
    timerInterrupts: 9n,
  },
  held: [{ variable: 'cs_last', mechanism: 'M2', holdsNs: 10n, waitsOn: 'uptime', clockNs: 3n }],
};

describe('history.jsonl', () => {
  it('has a header line and one line an event, with nanoseconds as decimal strings', () => {
    const text = writeHistory(header, [{ at: trueNs(7n), kind: 'guest-suspended', domain: 'guest' }]);
    expect(text).toBe(
      '{"skewbed":1,"scenario":"t1","testbed":"sim","seed":1,"scale":1,"plan":{"a":["+0s"]}}\n' +
        '{"at":"7","kind":"guest-suspended","domain":"guest"}\n',
    );
  });

  it('gives back bigint where the schema says so, deep inside too, and numbers elsewhere', () => {
    const digest: HistoryEvent = {
      at: trueNs(1n),
      kind: 'memory-digest',
      migration: 'm',
      side: 'source',
      sha256: 'a'.repeat(64),
      pages: 4096,
    };
    expect(readHistory(writeHistory(header, [probe, digest]))).toEqual({ header, events: [probe, digest] });
  });

  it('does not depend on the order of keys', () => {
    const shuffled = Object.fromEntries(Object.entries(probe).reverse()) as HistoryEvent;
    expect(eventLine(shuffled)).toBe(eventLine(probe));
  });

  it.each([
    ['a newer version', '{"skewbed":2,"x":1}\n', 'history-version', 'line 1'],
    ['an older version', '{"skewbed":0}\n', 'history-version', 'line 1'],
    ['something else', '{"hello":1}\n', 'bad-history', 'line 1'],
    ['an empty file', '', 'bad-history', 'is empty'],
    ['a line that is no JSON', `${writeHistory(header, [])}{"at":\n`, 'bad-history', 'line 2'],
    ['a line that broke off', `${writeHistory(header, [])}{"at":"7"`, 'bad-history', 'no end'],
    [
      'a number where nanoseconds are due',
      `${writeHistory(header, [])}{"at":7,"kind":"echo","domain":"g","ok":true}\n`,
      'bad-history',
      'at: must be bigint',
    ],
    [
      'nanoseconds that are no number',
      `${writeHistory(header, [])}{"at":"7e3","kind":"echo","domain":"g","ok":true}\n`,
      'bad-history',
      'at: must be bigint',
    ],
    ['an unknown kind', `${writeHistory(header, [])}{"at":"7","kind":"ecco"}\n`, 'bad-history', '"ecco" is none of'],
    [
      'an unknown key',
      `${writeHistory(header, [])}{"at":"7","kind":"echo","domain":"g","ok":true,"x":1}\n`,
      'bad-history',
      'unknown key "x"',
    ],
    [
      'a key that would be a prototype',
      `${writeHistory(header, [])}{"at":"7","kind":"echo","domain":"g","ok":true,"__proto__":{}}\n`,
      'bad-history',
      'unknown key',
    ],
  ])('is refused with a code and a place when it is %s', (_what, text, code, message) => {
    expect(() => readHistory(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});
