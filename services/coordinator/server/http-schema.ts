/**
 * Schemas at the HTTP face: unknown keys are refused (Fastify's own compiler would drop them silently), query texts
 * become the numbers that the schema asks for, and a bigint leaves as a decimal string (JSON has none).
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { explain } from '@skewbed/proto/explain.ts';
import { jsonForm } from '@skewbed/proto/json-form.ts';
import { Compile } from '@skewbed/proto/late-typebox.ts';
import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify';
import { type TSchema, Type } from 'typebox';

/** What every refusal looks like. */
export const ErrorBody = Type.Object(
  { code: Type.String(), message: Type.String() },
  { additionalProperties: false, description: 'A code of the error table, and what to do.' },
);

/** Checks what came in. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  let validator: ReturnType<typeof Compile> | null = null;
  const fromText = httpPart === 'querystring' || httpPart === 'params';
  return (given: unknown) => {
    validator ??= Compile(schema);
    const value = fromText ? validator.Convert(structuredClone({ ...(given as object) })) : given;
    if (validator.Check(value)) return { value };
    return { error: new SkewbedError('bad-argument', explain(schema, value, httpPart ?? 'request')) };
  };
};

/** Writes what goes out. */
export const serializerCompiler: FastifySerializerCompiler<TSchema> = ({ schema }) => {
  const form = jsonForm(schema, 'crash');
  return (value: unknown) => JSON.stringify(form.toJson(value as never));
};

/** A schema as OpenAPI can show it: JSON has no bigint, and its bounds would not even survive JSON.stringify. */
export function openApiSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(openApiSchema);
  if (typeof node !== 'object' || node === null) return node;
  const schema = node as Readonly<Record<string, unknown>>;
  if (schema.type === 'bigint')
    return { type: 'string', pattern: '^-?[0-9]+$', description: String(schema.title ?? 'integer') };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, openApiSchema(value)]));
}
