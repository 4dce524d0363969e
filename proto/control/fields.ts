/**
 * The building blocks of message schemas: closed objects, names, times by clock, bytes. A schema here gives the type, the
 * validator, the documentation and the fuzz generators of a field; its `title` is how docs/protocol.md calls it.
 */
import { type Static, type TProperties, type TSchema, Type } from 'typebox';
import { NAME_MAX_CHARS, SHORT_TEXT_MAX_CHARS, TEXT_MAX_CHARS } from '../limits.ts';
import type { HostUptimeNs, HostWallNs, TrueNs } from '../units.ts';

/** An object without any other keys. */
export const closed = <P extends TProperties>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });

/** An array that a message may hold, readonly for who builds one. */
export const list = <S extends TSchema>(items: S, most: number, least = 0) =>
  Type.Unsafe<readonly Static<S>[]>(Type.Array(items, { minItems: least, maxItems: most }));

/** One of these words. */
export const oneOf = <const W extends readonly string[]>(...words: W) =>
  Type.Unsafe<W[number]>(Type.Union(words.map((word) => Type.Literal(word))));

/** Bytes, decoded as a view of the message. */
export const bytes = (options: { readonly least?: number; readonly most: number }) => {
  const least = options.least ?? 0;
  return Type.Refine(
    Type.Unsafe<Uint8Array>(
      Type.Unknown({
        title: least === options.most ? `${least} bytes` : `${least}..${options.most} bytes`,
        bytes: options,
      }),
    ),
    (value) => value instanceof Uint8Array && value.length >= least && value.length <= options.most,
    () => `must be ${least} to ${options.most} bytes`,
  );
};

/** What msgpack carries as an integer of 64 bits: signed or unsigned. */
const int64 = (title: string) => Type.BigInt({ title, minimum: -(2n ** 63n), maximum: 2n ** 64n - 1n });

/** Nanoseconds of a duration, or on a clock that has no brand. */
export const Nanoseconds = int64('ns');
/** Any other number of 64 bits: jiffies, a count, a checksum. */
export const Int64 = int64('int64');
export const TrueTime = Type.Unsafe<TrueNs>(int64('ns of true time'));
export const HostWall = Type.Unsafe<HostWallNs>(int64('ns of the host wall'));
export const HostUptime = Type.Unsafe<HostUptimeNs>(int64('ns of the host uptime'));

/** A name of a node, a runner, a migration, a patch: it becomes part of paths. */
export const Name = Type.String({ title: 'name', pattern: `^[a-z0-9][a-z0-9.-]{0,${NAME_MAX_CHARS - 1}}$` });
/** A name of a domain, as xl takes it. */
export const DomainName = Type.String({
  title: 'domain',
  pattern: `^[A-Za-z0-9][A-Za-z0-9_.+-]{0,${NAME_MAX_CHARS - 1}}$`,
});
/** A code of the error table; a newer peer may send one that this version does not know. */
export const Code = Type.String({ title: 'code', pattern: `^[a-z][a-z-]{0,${NAME_MAX_CHARS - 1}}$` });
export const Text = Type.String({ title: 'text', maxLength: TEXT_MAX_CHARS });
export const ShortText = Type.String({ title: 'short text', maxLength: SHORT_TEXT_MAX_CHARS });
/** Lower-case hex of a sha256. */
export const Sha256 = Type.String({ title: 'sha256', pattern: '^[0-9a-f]{64}$' });
/** An exact integer from 0. */
export const count = (most: number = Number.MAX_SAFE_INTEGER) => Type.Integer({ minimum: 0, maximum: most });
export const Flag = Type.Boolean();
/** Which start of the coordinator speaks: its journal gives out a greater number each time. Who has heard a greater one refuses. */
export const Epoch = Type.Integer({ title: 'epoch', minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
/** What a person decided about a migration whose end nobody could tell. */
export const Decision = oneOf('commit', 'abort');
