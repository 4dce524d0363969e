import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { resolveToken, tokenMatches } from './token.ts';

const folder = mkdtempSync(join(tmpdir(), 'skewbed-token-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe('the token of a process', () => {
  test('comes from the environment', () => {
    expect(resolveToken({ SKEWBED_TOKEN: '0123456789abcdef' })).toEqual({
      token: '0123456789abcdef',
      source: 'environment',
    });
  });

  test('or from a file, without its line break', () => {
    for (const end of ['', '\n', '\r\n']) {
      const path = file('token', `0123456789abcdef${end}`);
      expect(resolveToken({ SKEWBED_TOKEN_FILE: path })).toEqual({ token: '0123456789abcdef', source: 'file' });
    }
  });

  test('or is made up, another each time', () => {
    const one = resolveToken({});
    expect(one.source).toBe('random');
    expect(one.token).toMatch(/^[\w-]{32}$/);
    expect(resolveToken({}).token).not.toBe(one.token);
  });

  test.each([
    ['both are set', { SKEWBED_TOKEN: 'x'.repeat(16), SKEWBED_TOKEN_FILE: '/x' }, /both set/],
    ['empty', { SKEWBED_TOKEN: '' }, /0 characters: give 16 to 1024/],
    ['short', { SKEWBED_TOKEN: 'x'.repeat(15) }, /15 characters/],
    ['long', { SKEWBED_TOKEN: 'x'.repeat(1025) }, /1025 characters/],
    ['not plain', { SKEWBED_TOKEN: 'with a space in the middle' }, /letters, digits/],
    ['a missing file', { SKEWBED_TOKEN_FILE: join(folder, 'missing') }, /SKEWBED_TOKEN_FILE: ENOENT/],
    [
      'a file of two lines',
      { SKEWBED_TOKEN_FILE: file('two', '0123456789abcdef\n0123456789abcdef\n') },
      /letters, digits/,
    ],
    ['a huge file', { SKEWBED_TOKEN_FILE: file('huge', 'x'.repeat(5000)) }, /too long/],
  ])('%s is an error that does not show it', (_what, environment, message) => {
    const error = (() => {
      try {
        return resolveToken(environment);
      } catch (thrown) {
        return thrown as Error;
      }
    })();
    expect(error).toMatchObject({ code: 'bad-argument', message: expect.stringMatching(message) });
    expect((error as Error).message).not.toMatch(/0123456789abcdef|with a space/);
  });
});

test('a token matches itself and nothing else, of whatever length', () => {
  expect(tokenMatches('abc', 'abc')).toBe(true);
  for (const other of ['', 'ab', 'abcd', 'abd', 'ABC']) expect(tokenMatches('abc', other)).toBe(false);
});
