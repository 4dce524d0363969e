import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { checkerOf } from './checker.ts';
import { decode, encode } from './codec.ts';
import { bytes } from './control/fields.ts';
import { MESSAGES, type Message } from './control/registry.ts';
import { trueNs } from './units.ts';

const event = { at: trueNs(5n), host: 'a', kind: 'echo', domain: 'd', ok: true } as const;
const samples: Message[] = [
  { type: 'event', events: [event, { at: trueNs(1n), kind: 'loop-delay', maxNs: 0n }] },
  { type: 'request', id: 1, to: 'a', command: { command: 'read-clocks' } },
  {
    type: 'request',
    id: 1,
    to: 'a',
    command: { command: 'step', at: null, event: { type: 'settime', to: { kind: 'relative', byNs: 1n }, by: 'ntp' } },
  },
  { type: 'reply', id: 1, ok: false, code: 'late', message: 'too late' },
  { type: 'reply', id: 1, ok: true, result: { command: 'step', at: trueNs(1n) } },
  { type: 'ack', migration: 'm', seq: 1 },
];

/** A value and everything that differs from it in one place. */
function* neighbours(value: unknown): Generator<unknown> {
  yield* [null, undefined, 0, -1, 1.5, 1n, '', 'x', true, [], {}, new Uint8Array(1), [value]];
  if (Array.isArray(value)) {
    yield [...value, ...value];
    for (const [index, each] of value.entries()) for (const other of neighbours(each)) yield value.with(index, other);
  } else if (typeof value === 'object' && value !== null) {
    yield { ...value, extra: 1 };
    for (const [key, each] of Object.entries(value)) {
      const { [key]: _gone, ...rest } = value as Record<string, unknown>;
      yield rest;
      for (const other of neighbours(each)) yield { ...value, [key]: other };
    }
  }
}

describe('the fast checker', () => {
  it.each(samples)('agrees with typebox on a $type and on everything next to it', (sample) => {
    const { schema } = MESSAGES[sample.type];
    const fast = checkerOf(schema);
    const slow = Compile(schema);
    expect(fast(sample)).toBe(true);
    let refused = 0;
    for (const other of neighbours(sample)) {
      if (!fast(other)) refused += 1;
      if (fast(other) !== slow.Check(other)) throw new Error(`they differ on ${showOf(other)}: fast ${fast(other)}`);
    }
    expect(refused).toBeGreaterThan(20);
    const { socket } = MESSAGES[sample.type];
    expect(decode(encode(sample), socket)).toEqual(sample);
  });
});

it('agrees with typebox on strings and bytes, whatever they are made of', () => {
  const schemas = [
    Type.String({ maxLength: 3 }),
    Type.String({ pattern: '^[a-z][a-z-]{0,3}$' }),
    Type.String(),
    bytes({ least: 1, most: 2 }),
  ];
  const values = [
    '',
    'abc',
    'abcd',
    'a-b',
    'a\n',
    '😀😀😀',
    '😀😀😀😀',
    '😀😀😀ab',
    'e\u0301e\u0301',
    '\ud800'.repeat(3),
    7,
    null,
  ];
  const refused = schemas.map((schema) => {
    const fast = checkerOf(schema);
    const slow = Compile(schema);
    return [...values, new Uint8Array(0), new Uint8Array(2), new Uint8Array(3), [1, 2]].filter((value) => {
      expect(fast(value), showOf(value)).toBe(slow.Check(value));
      return !fast(value);
    }).length;
  });
  expect(Math.min(...refused)).toBeGreaterThan(4);
});

const showOf = (value: unknown) =>
  JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? `${each}n` : each));
