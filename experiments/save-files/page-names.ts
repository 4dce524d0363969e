/** Page types of PAGE_DATA by name, for people. */
import { PAGE_TYPE } from '@skewbed/proto/records.ts';

const NAMES = new Map<number, string>(Object.entries(PAGE_TYPE).map(([name, type]) => [type, name]));

/** NOTAB, L1TAB, ..., XTAB. */
export const pageTypeName = (type: number): string => NAMES.get(type) ?? `type ${type}`;
