/** What the schemas of results are written with beside closed objects: counts, and a sentence for whoever reads the schema. */
import { type TSchema, Type } from 'typebox';

export const Count = Type.Integer({ minimum: 0 });

/** With a sentence for whoever reads the published schema. */
export const told = <S extends TSchema>(schema: S, description: string): S => ({ ...schema, description });
