/**
 * Values <-> JSON by their schema: a bigint is a decimal string in JSON, and a bigint again when it is read, because the
 * schema says which fields are. Keys are written in the order of the schema, so equal values give equal text.
 * For the schemas of control/: closed objects, arrays, unions told apart by a literal, and T-or-null. No bytes.
 */
import type { Static, TSchema } from 'typebox';
import { checkerOf } from './checker.ts';
import { type ErrorCode, SkewbedError } from './errors.ts';
import { explain } from './explain.ts';
import { tagOf } from './schema-tag.ts';

export type JsonForm<T> = {
  /** Plain data for JSON.stringify. */
  readonly toJson: (value: T) => unknown;
  /** The value in parsed JSON, checked against the schema. Throws the error that was chosen, with `where`. */
  readonly fromJson: (json: unknown, where: string) => T;
};

type Node = TSchema & {
  readonly '~kind'?: string;
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly const?: unknown;
};

type Convert = { readonly out: (value: unknown) => unknown; readonly in: (json: unknown) => unknown };

const SAME: Convert = { out: (value) => value, in: (json) => json };
const DECIMAL = /^-?(?:0|[1-9][0-9]{0,19})$/;

/** The two directions for a schema. `code` is the error for JSON that does not fit. */
export function jsonForm<S extends TSchema>(schema: S, code: ErrorCode): JsonForm<Static<S>> {
  const convert = converterOf(schema as Node);
  const fits = checkerOf(schema);
  return {
    toJson: (value) => convert.out(value),
    fromJson: (json, where) => {
      const value = convert.in(json);
      if (!fits(value)) throw new SkewbedError(code, `${where}: ${explain(schema, value)}`, where);
      return value as Static<S>;
    },
  };
}

function converterOf(node: Node): Convert {
  if (node.anyOf !== undefined) return unionOf(node.anyOf);
  if (node.properties !== undefined) return objectOf(node.properties);
  if (node.items !== undefined) return arrayOf(converterOf(node.items));
  if (node['~kind'] !== 'BigInt') return SAME;
  return {
    out: (value) => String(value),
    // What is no decimal string stays as it is, and the validator says that it is no bigint.
    in: (json) => (typeof json === 'string' && DECIMAL.test(json) ? BigInt(json) : json),
  };
}

function objectOf(properties: Readonly<Record<string, Node>>): Convert {
  const fields = Object.entries(properties).map(([key, node]) => [key, converterOf(node)] as const);
  const known = new Set(Object.keys(properties));
  return {
    out: (value) => {
      const from = value as Readonly<Record<string, unknown>>;
      const json: Record<string, unknown> = {};
      for (const [key, convert] of fields) if (from[key] !== undefined) json[key] = convert.out(from[key]);
      return json;
    },
    in: (json) => {
      if (!isRecord(json)) return json;
      const value: Record<string, unknown> = {};
      for (const [key, convert] of fields) if (Object.hasOwn(json, key)) value[key] = convert.in(json[key]);
      // Unknown keys are kept, so that the validator refuses them; defined, because '__proto__' must not be assigned.
      for (const key of Object.keys(json)) {
        if (!known.has(key)) Object.defineProperty(value, key, { value: json[key], enumerable: true });
      }
      return value;
    },
  };
}

function arrayOf(item: Convert): Convert {
  if (item === SAME) return SAME;
  return {
    out: (value) => (value as readonly unknown[]).map(item.out),
    in: (json) => (Array.isArray(json) ? json.map(item.in) : json),
  };
}

function unionOf(branches: readonly Node[]): Convert {
  const tag = tagOf(branches);
  if (tag !== null) {
    const byTag = new Map(branches.map((branch) => [branch.properties?.[tag]?.const, converterOf(branch)]));
    const of = (value: unknown): Convert => (isRecord(value) ? byTag.get(value[tag]) : undefined) ?? SAME;
    return { out: (value) => of(value).out(value), in: (json) => of(json).in(json) };
  }
  const [converted, ...others] = branches.map(converterOf).filter((convert) => convert !== SAME);
  if (converted === undefined) return SAME;
  if (others.length > 0)
    throw new SkewbedError('crash', 'a union in a schema has two forms in JSON and no literal to tell them apart');
  return {
    out: (value) => (value === null ? null : converted.out(value)),
    in: (json) => (json === null ? null : converted.in(json)),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
