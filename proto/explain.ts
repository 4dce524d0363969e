/**
 * Says in one line where and why a value does not fit a schema. A validator names every branch of a union that does not
 * fit; a reader wants the one branch that was meant, which the literals in it ('type', 'command', 'kind') tell.
 */
import type { TSchema } from 'typebox';
import { Compile } from './late-typebox.ts';

type Node = TSchema & {
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly const?: unknown;
  readonly title?: string;
  readonly type?: string;
};

/** 'command.event.type: must be equal to constant', or 'command: unknown key "x"'. For a value that does not fit. */
export function explain(schema: TSchema, value: unknown, path = ''): string {
  const node = schema as Node;
  if (node.anyOf !== undefined) return explainUnion(node.anyOf, value, path);
  if (node.properties !== undefined && isRecord(value)) return explainObject(node, value, path);
  if (node.items !== undefined && Array.isArray(value)) {
    const item = node.items;
    const bad = value.findIndex((each) => !fits(item, each));
    if (bad >= 0) return explain(item, value[bad], `${path}[${bad}]`);
  }
  const [first] = Compile(schema).Errors(value);
  const wanted = node.title === undefined ? '' : ` (wanted: ${node.title})`;
  return `${path === '' ? 'value' : path}: ${first?.message ?? 'does not fit'}${wanted}, is ${shown(value)}`;
}

function explainObject(node: Node, value: Readonly<Record<string, unknown>>, path: string): string {
  const properties = node.properties ?? {};
  const at = (key: string) => (path === '' ? key : `${path}.${key}`);
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(properties, key));
  if (unknown !== undefined) return `${path === '' ? 'value' : path}: unknown key ${shown(unknown)}`;
  for (const [key, property] of Object.entries(properties)) {
    if (!Object.hasOwn(value, key)) {
      if (node.required?.includes(key)) return `${at(key)}: is missing`;
    } else if (!fits(property, value[key])) return explain(property, value[key], at(key));
  }
  return `${path === '' ? 'value' : path}: does not fit`;
}

function explainUnion(branches: readonly Node[], value: unknown, path: string): string {
  if (isRecord(value)) {
    const meant = branches.find(
      (branch) => tagsOf(branch).length > 0 && tagsOf(branch).every(([key, tag]) => value[key] === tag),
    );
    if (meant !== undefined) return explain(meant, value, path);
    const key = branches.flatMap(tagsOf)[0]?.[0];
    if (key !== undefined) {
      const known = branches.flatMap((branch) =>
        tagsOf(branch)
          .filter(([tag]) => tag === key)
          .map(([, tag]) => String(tag)),
      );
      return `${path === '' ? key : `${path}.${key}`}: ${shown(value[key])} is none of ${known.join(', ')}`;
    }
  }
  const words = branches.flatMap((branch) => (branch.const === undefined ? [] : [String(branch.const)]));
  if (words.length === branches.length) return `${path}: ${shown(value)} is none of ${words.join(', ')}`;
  const likely = branches.find((branch) => branch.const === undefined && !(value !== null && branch.type === 'null'));
  return likely === undefined ? `${path}: does not fit` : explain(likely, value, path);
}

/** The literals by which an object says which one it is. */
function tagsOf(branch: Node): [string, unknown][] {
  return Object.entries(branch.properties ?? {}).flatMap(([key, property]) =>
    property.const === undefined || typeof property.const === 'number'
      ? []
      : [[key, property.const] as [string, unknown]],
  );
}

function fits(schema: TSchema, value: unknown): boolean {
  return Compile(schema).Check(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** A value for a person, short: a peer may have sent megabytes. */
function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
