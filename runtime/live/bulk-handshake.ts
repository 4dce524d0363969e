/**
 * The client's half of the opening handshake (RFC 6455, section 4.1), as text: package ws has no way to hand over a
 * socket that reads into buffers of ours, which must be said when the socket is made. What a server may answer is read
 * within a bound. Left out: redirects, proxies, subprotocols, extensions.
 */
import { createHash, randomBytes } from 'node:crypto';
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { closeCodeOfStatus } from '../close-codes.ts';

/** The longest answer to a handshake that is read: node:http takes as much. */
export const HANDSHAKE_ANSWER_MAX_BYTES = 16 * 1024;

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export type Handshake = { readonly request: string; readonly key: string };

/** What came back so far. `rest` is where frames begin. */
export type HandshakeAnswer =
  | { readonly answer: 'incomplete' }
  | { readonly answer: 'open'; readonly rest: number }
  | { readonly answer: 'refused'; readonly code: number; readonly why: string };

/** A request to open a channel at `url`. */
export function handshakeTo(url: URL, headers: Readonly<Record<string, string>>): Handshake {
  const key = randomBytes(16).toString('base64');
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return { request: `${lines.join('\r\n')}\r\n\r\n`, key };
}

/** Reads the answer to a request with that key. `errorHeader` names the header in which our services say why not. */
export function readAnswer(bytes: Uint8Array, key: string, errorHeader: string): HandshakeAnswer {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) {
    if (text.length < HANDSHAKE_ANSWER_MAX_BYTES) return { answer: 'incomplete' };
    return broken(`no end of the HTTP answer within ${HANDSHAKE_ANSWER_MAX_BYTES} bytes`);
  }
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) return broken('the answer is no HTTP/1.1');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) return broken('the answer has a line that is no header');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  if (status !== 101) {
    const said = headers.get(errorHeader)?.slice(0, 200) ?? 'no reason given';
    return { answer: 'refused', code: closeCodeOfStatus(status), why: `HTTP ${status}, ${said}` };
  }
  const problem = upgradeProblem(headers, key);
  return problem === null ? { answer: 'open', rest: end + 4 } : broken(problem);
}

function upgradeProblem(headers: ReadonlyMap<string, string>, key: string): string | null {
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') return 'the answer does not upgrade to websocket';
  const connection = headers.get('connection') ?? '';
  if (!connection.split(',').some((word) => word.trim().toLowerCase() === 'upgrade')) {
    return 'the answer does not upgrade the connection';
  }
  const due = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  if (headers.get('sec-websocket-accept') !== due) return 'the answer is to another request (Sec-WebSocket-Accept)';
  if ((headers.get('sec-websocket-extensions') ?? '') !== '') return 'the answer names an extension; none was offered';
  if ((headers.get('sec-websocket-protocol') ?? '') !== '') return 'the answer names a subprotocol; none was offered';
  return null;
}

function broken(why: string): HandshakeAnswer {
  return { answer: 'refused', code: CLOSE_CODE.BROKEN, why };
}
