/**
 * Whether a value fits a schema, fast. typebox compiles a schema to one function, but tries the branches of a union one
 * after the other; of 24 kinds of events each is a closed object whose keys it compares first. Here the literal that
 * tells the branches apart ('type', 'command', 'kind') picks the one to try. A test holds
 * the two against each other. For the schemas of control/ only: closed objects, arrays, unions, leaves.
 */
import type { TSchema } from 'typebox';
import { Compile } from './late-typebox.ts';
import { tagOf } from './schema-tag.ts';

export type Check = (value: unknown) => boolean;

type Node = TSchema & {
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly const?: unknown;
  readonly type?: string;
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  /** Of Type.Refine. */
  readonly '~refine'?: readonly { readonly check: Check }[];
};

/** Compiled once for a schema; the function that it gives may be called for ever. */
export function checkerOf(schema: TSchema): Check {
  const node = schema as Node;
  if (node.anyOf !== undefined) return unionCheck(node.anyOf);
  if (node.properties !== undefined) return objectCheck(node.properties, node.required ?? []);
  if (node.items !== undefined) return arrayCheck(node, checkerOf(node.items));
  return leafCheck(node);
}

/** The plain ones by hand, for they are most of every message; whatever else by typebox. */
function leafCheck(node: Node): Check {
  const { const: literal, minimum, maximum } = node;
  if (literal !== undefined) return (value) => value === literal;
  if (node.type === 'null') return (value) => value === null;
  if (node.type === 'boolean') return (value) => typeof value === 'boolean';
  if (node.type === 'bigint' && typeof minimum === 'bigint' && typeof maximum === 'bigint') {
    return (value) => typeof value === 'bigint' && value >= minimum && value <= maximum;
  }
  if (node.type === 'integer' && typeof minimum === 'number' && typeof maximum === 'number') {
    return (value) => Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum;
  }
  if (node.type === 'string' && node.minLength === undefined) return stringCheck(node);
  const refined = node['~refine'];
  if (node.type === undefined && refined !== undefined) return (value) => refined.every(({ check }) => check(value));
  let compiled: ReturnType<typeof Compile> | null = null;
  return (value) => {
    compiled ??= Compile(node);
    return compiled.Check(value);
  };
}

/** A length counts code points: what is short enough in units of 16 bits is short enough. */
function stringCheck({ maxLength = Number.POSITIVE_INFINITY, pattern }: Node): Check {
  const shaped = pattern === undefined ? null : new RegExp(pattern, 'u');
  return (value) =>
    typeof value === 'string' &&
    (value.length <= maxLength || (value.length <= 2 * maxLength && [...value].length <= maxLength)) &&
    (shaped === null || shaped.test(value));
}

function unionCheck(branches: readonly Node[]): Check {
  const tag = tagOf(branches);
  if (tag === null) {
    if (branches.every((branch) => branch.const !== undefined)) {
      const words = new Set(branches.map((branch) => branch.const));
      return (value) => words.has(value);
    }
    const checks = branches.map(checkerOf);
    return (value) => checks.some((check) => check(value));
  }
  const byTag = new Map(branches.map((branch) => [branch.properties?.[tag]?.const, checkerOf(branch)]));
  return (value) => isObject(value) && Object.hasOwn(value, tag) && byTag.get(value[tag])?.(value) === true;
}

function objectCheck(properties: Readonly<Record<string, Node>>, required: readonly string[]): Check {
  const fields = Object.entries(properties).map(([key, node]) => ({
    key,
    check: checkerOf(node),
    optional: !required.includes(key),
  }));
  return (value) => {
    if (!isObject(value)) return false;
    let known = 0;
    for (const { key, check, optional } of fields) {
      if (Object.hasOwn(value, key)) {
        known += 1;
        const held = value[key];
        // An optional field that is undefined does not travel.
        if (!check(held) && !(optional && held === undefined)) return false;
      } else if (!optional) return false;
    }
    return Object.getOwnPropertyNames(value).length === known;
  };
}

function arrayCheck({ minItems = 0, maxItems = Number.POSITIVE_INFINITY }: Node, item: Check): Check {
  return (value) => {
    if (!Array.isArray(value) || value.length < minItems || value.length > maxItems) return false;
    for (const each of value) if (!item(each)) return false;
    return true;
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
