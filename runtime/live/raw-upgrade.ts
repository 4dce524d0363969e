/** For tests of a service: a WebSocket handshake as bytes, whole or spoiled, and what the service says to it. */
import { connect } from 'node:net';

/** A handshake for /v1/control with these further headers. The key is the one of RFC 6455, 1.3. */
export function upgrade(...headers: string[]): string {
  return [
    'GET /v1/control HTTP/1.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
    '',
    '',
  ].join('\r\n');
}

/** Everything that a service on loopback answers before it hangs up. */
export async function answerOf(port: number, request: string | Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let said = '';
  socket.on('data', (bytes) => {
    said += bytes.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.write(request);
  await new Promise<void>((ended) => socket.once('close', () => ended()));
  return said;
}
