import { expect, test } from 'vitest';
import type { LogFields } from '../ports/log.ts';
import { type LogLevel, liveLog } from './log.ts';

const SECRET = 'sesame-open-sesame';

function bench(level: LogLevel = 'debug', times: () => LogFields = () => ({ trueNs: 5n })) {
  const lines: string[] = [];
  const log = liveLog({
    name: 'node-a',
    level,
    times,
    secrets: [SECRET, ''],
    to: { write: (line) => void lines.push(line) },
  });
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line)) };
}

test('a line has the service, its level, the times of that moment, and the fields', () => {
  let now = 5n;
  const { log, parsed } = bench('debug', () => ({ trueNs: now, wallNs: -1n }));
  log.info({ pages: 3, domain: 'd1', whole: true, absent: undefined }, 'sent');
  now = 2n ** 63n;
  log.error({}, 'lost');
  expect(parsed()).toEqual([
    { level: 'info', service: 'node-a', trueNs: '5', wallNs: '-1', pages: 3, domain: 'd1', whole: true, msg: 'sent' },
    { level: 'error', service: 'node-a', trueNs: '9223372036854775808', wallNs: '-1', msg: 'lost' },
  ]);
});

test('no line shows a token, neither by its name nor by its value', () => {
  const { log, lines, parsed } = bench();
  log.warn({ token: 'abc', Authorization: 'Bearer x', url: `ws://h/?t=${SECRET}&u=${SECRET}` }, `refused ${SECRET}`);
  expect(lines.join()).not.toMatch(/sesame|abc|Bearer x/);
  expect(parsed()[0]).toMatchObject({
    token: '[struck out]',
    url: 'ws://h/?t=[struck out]&u=[struck out]',
    msg: 'refused [struck out]',
  });
});

test('levels below the chosen one are silent, and do not even ask for the time', () => {
  const { log, lines } = bench('warn', () => {
    throw new Error('asked');
  });
  log.debug({}, 'no');
  log.info({}, 'no');
  expect(lines).toEqual([]);
  expect(() => log.warn({}, 'yes')).toThrow('asked');
});
