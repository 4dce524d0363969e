import { expect, test } from 'vitest';
import { CLOSE_CODE, closedError } from './close-codes.ts';

test.each([
  [CLOSE_CODE.BAD_TOKEN, 'dial ws://b: HTTP 401, bad-token', 'bad-token'],
  [CLOSE_CODE.CONFLICT, 'stale-epoch: this is epoch 2', 'stale-epoch'],
  [CLOSE_CODE.BAD_REQUEST, 'stream-broken', 'stream-broken'],
  // Words of the peer's own, and codes of the protocol, name nothing.
  [CLOSE_CODE.CONFLICT, 'migration m1 has its stream already', 'link-lost'],
  [CLOSE_CODE.NOT_FOUND, 'toString: x', 'link-lost'],
  [CLOSE_CODE.GOING_AWAY, 'stale-epoch', 'link-lost'],
  [CLOSE_CODE.BROKEN, '', 'link-lost'],
])('a channel that ended with %i %j is an error %s, with both in it', (code, reason, named) => {
  const error = closedError('the stream', code, reason);
  expect(error).toMatchObject({ code: named, message: `the stream closed with ${code} ${reason}` });
});
