/** What the schemas of results are written with: closed objects, counts, and a sentence for whoever reads the schema. */
import { type TSchema, Type } from 'typebox';

/** An object that has these fields and no others. */
export const closed = <P extends Record<string, Parameters<typeof Type.Object>[0][string]>>(fields: P) =>
  Type.Object(fields, { additionalProperties: false });

export const Count = Type.Integer({ minimum: 0 });

/** With a sentence for whoever reads the published schema. */
export const told = <S extends TSchema>(schema: S, description: string): S => ({ ...schema, description });
