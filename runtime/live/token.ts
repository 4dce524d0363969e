/**
 * Where the access token comes from: SKEWBED_TOKEN, or the file that SKEWBED_TOKEN_FILE names (a mounted secret), or
 * made up here. Whoever made one up listens on loopback only and tells the person how to use it. A token is compared in
 * constant time, over sha256 so that lengths are equal, and is never logged.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { TOKEN_MAX_CHARS, TOKEN_MIN_CHARS } from '@skewbed/proto/limits.ts';

export type TokenSource = 'environment' | 'file' | 'random';
export type Token = { readonly token: string; readonly source: TokenSource };

const RANDOM_BYTES = 24;

/** The token of this process. Throws on one that is empty, short, long, or no plain ASCII. */
export function resolveToken(environment: Readonly<Record<string, string | undefined>>): Token {
  const fromEnvironment = environment.SKEWBED_TOKEN;
  const path = environment.SKEWBED_TOKEN_FILE;
  if (fromEnvironment !== undefined && path !== undefined) {
    throw new SkewbedError('bad-argument', 'SKEWBED_TOKEN and SKEWBED_TOKEN_FILE are both set: give one of them');
  }
  if (fromEnvironment !== undefined) {
    return { token: checked(fromEnvironment, 'SKEWBED_TOKEN'), source: 'environment' };
  }
  if (path !== undefined) return { token: checked(readTokenFile(path), 'SKEWBED_TOKEN_FILE'), source: 'file' };
  return { token: randomBytes(RANDOM_BYTES).toString('base64url'), source: 'random' };
}

/** Whether what was presented is the token, in a time that does not depend on where they differ. */
export function tokenMatches(expected: string, presented: string): boolean {
  return timingSafeEqual(sha256(expected), sha256(presented));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function readTokenFile(path: string): string {
  try {
    if (statSync(path).size > 2 * TOKEN_MAX_CHARS) throw new Error('the file is too long for a token');
    // Editors and `echo` end a file with a line break; it is no part of the token.
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SkewbedError('bad-argument', `SKEWBED_TOKEN_FILE: ${why}`);
  }
}

function checked(token: string, from: string): string {
  if (token.length < TOKEN_MIN_CHARS || token.length > TOKEN_MAX_CHARS) {
    throw new SkewbedError(
      'bad-argument',
      `${from} holds a token of ${token.length} characters: give ${TOKEN_MIN_CHARS} to ${TOKEN_MAX_CHARS}, such as the output of: openssl rand -base64 24`,
    );
  }
  // What a Bearer header and a cookie both carry unchanged.
  if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) {
    throw new SkewbedError('bad-argument', `${from}: a token has letters, digits and -._~+/ only, with = at the end`);
  }
  return token;
}
