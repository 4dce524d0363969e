import { describe, expect, test } from 'vitest';
import { Access, TOKEN_COOKIE } from './access.ts';

const TOKEN = 'token/with+both=';
const access = new Access({ token: TOKEN, hosts: ['Testbed.example'] });

describe('hosts and origins', () => {
  test.each(['localhost', 'LOCALHOST:8080', '127.0.0.1:1', '[::1]:7000', 'testbed.example', 'testbed.example:443'])(
    '%s is ours',
    (host) => {
      expect(access.refuseHost({ host })).toBe(null);
      expect(access.refuseHost({ host, origin: `https://${host}` })).toBe(null);
    },
  );

  test.each([
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    'localhost@evil.example',
    'evil@localhost',
    'localhost/..',
    '127.0.0.2',
    ' ',
  ])('host %j is not', (host) => {
    expect(access.refuseHost(host === undefined ? {} : { host })).toMatchObject({ status: 403, code: 'refused' });
  });

  test.each(['http://evil.example', 'null', '', 'file://', 'chrome-extension://localhost', 'localhost'])(
    'origin %j is not',
    (origin) => {
      expect(access.refuseHost({ host: 'localhost', origin })).toMatchObject({ status: 403 });
    },
  );

  test('a foreign host hears nothing about the token', () => {
    expect(access.refuse({ host: 'evil.example', authorization: 'Bearer wrong' })?.status).toBe(403);
  });
});

describe('the token', () => {
  test.each([
    ['a Bearer header', { authorization: `Bearer ${TOKEN}` }],
    ['any case of Bearer', { authorization: `bEARER   ${TOKEN} ` }],
    ['the cookie', { cookie: `x=y; ${TOKEN_COOKIE}=${encodeURIComponent(TOKEN)}; z` }],
    ['the cookie as it is', { cookie: `${TOKEN_COOKIE}=${TOKEN}` }],
  ])('is taken from %s', (_from, headers) => {
    expect(access.refuse({ host: 'localhost', ...headers })).toBe(null);
  });

  test.each([
    ['nothing', {}],
    ['an empty header', { authorization: '' }],
    ['Bearer alone', { authorization: 'Bearer ' }],
    ['two words', { authorization: `Bearer ${TOKEN} x` }],
    ['another token', { authorization: `Bearer ${TOKEN}x` }],
    [
      'a header that is wrong beside a cookie that is right',
      { authorization: 'Bearer x', cookie: `${TOKEN_COOKIE}=${TOKEN}` },
    ],
    ['a cookie of another name', { cookie: `x${TOKEN_COOKIE}=${TOKEN}` }],
    ['a cookie that cannot be decoded', { cookie: `${TOKEN_COOKIE}=%zz` }],
  ])('is not %s', (_what, headers) => {
    const refusal = access.refuse({ host: 'localhost', ...headers });
    expect(refusal).toMatchObject({ status: 401, code: 'bad-token' });
    expect(refusal?.message).not.toContain(TOKEN);
  });
});
