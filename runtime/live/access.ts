/**
 * Who may talk to a service (docs/protocol.md): every data route and socket needs the token, as a Bearer header or as
 * the cookie that the login form sets; Host and Origin must be on the allow-list, on loopback too, since a page from
 * anywhere can make a browser connect to localhost. Used for WebSocket upgrades here and for HTTP routes by the services.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { ErrorCode } from '@skewbed/proto/errors.ts';
import { tokenMatches } from './token.ts';

/** The cookie of the page's login form. */
export const TOKEN_COOKIE = 'skewbed_token';

/** Why a request is refused: an HTTP status, with the code and the message of the body. */
export type Refusal = { readonly status: 401 | 403; readonly code: ErrorCode; readonly message: string };

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

export class Access {
  readonly #token: string;
  readonly #hosts: ReadonlySet<string>;

  /** `hosts`: names by which this service may be called beside loopback, without a port: any port will do. */
  constructor(options: { readonly token: string; readonly hosts?: readonly string[] }) {
    this.#token = options.token;
    this.#hosts = new Set([...LOOPBACK, ...(options.hosts ?? [])].map((host) => host.toLowerCase()));
  }

  /** Whether a request came to the right name and, if from a page, from one of ours. Null when it did. */
  refuseHost(headers: IncomingHttpHeaders): Refusal | null {
    const host = nameOf(headers.host ?? '');
    if (host === null || !this.#hosts.has(host)) {
      return forbidden(`host ${shown(headers.host)} is not a name of this service: add it to the allowed hosts`);
    }
    if (headers.origin === undefined) return null;
    const origin = nameOf(/^https?:\/\/(.*)$/i.exec(headers.origin)?.[1] ?? '');
    if (origin !== null && this.#hosts.has(origin)) return null;
    return forbidden(`origin ${shown(headers.origin)} is not allowed: open the page that this service serves`);
  }

  /** Whether a request carries the token. Null when it does. */
  refuseToken(headers: IncomingHttpHeaders): Refusal | null {
    const presented = bearerOf(headers.authorization) ?? cookieOf(headers.cookie);
    if (presented === null) {
      return unauthorized('no token: send the header "Authorization: Bearer <token>"; see SKEWBED_TOKEN');
    }
    return this.tokenIs(presented)
      ? null
      : unauthorized('the token is not the token of this service: see SKEWBED_TOKEN');
  }

  /** Both checks, the host first: a foreign page learns nothing about tokens. */
  refuse(headers: IncomingHttpHeaders): Refusal | null {
    return this.refuseHost(headers) ?? this.refuseToken(headers);
  }

  /** For the login form. */
  tokenIs(presented: string): boolean {
    return tokenMatches(this.#token, presented);
  }
}

function bearerOf(header: string | undefined): string | null {
  return /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? null;
}

function cookieOf(header: string | undefined): string | null {
  for (const part of (header ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim() === TOKEN_COOKIE) return decoded(part.slice(equals + 1).trim());
  }
  return null;
}

function decoded(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}

/** The name in 'name:port', without the port; null for what is neither a name nor an address. */
function nameOf(authority: string): string | null {
  const name = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.exec(authority)?.[1];
  return name === undefined ? null : name.toLowerCase();
}

/** What came from outside, short enough for a message. */
function shown(value: string | undefined): string {
  return value === undefined ? '(none)' : JSON.stringify(value.slice(0, 100));
}

function forbidden(message: string): Refusal {
  return { status: 403, code: 'refused', message };
}

function unauthorized(message: string): Refusal {
  return { status: 401, code: 'bad-token', message };
}
