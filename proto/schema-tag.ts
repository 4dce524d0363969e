/** How the branches of a union tell themselves apart: the key whose literal differs in every branch. */
import type { TSchema } from 'typebox';

type Branch = TSchema & { readonly properties?: Readonly<Record<string, TSchema & { readonly const?: unknown }>> };

/** 'type', 'command', 'kind', 'ok', ... or null when there is no such key. */
export function tagOf(branches: readonly Branch[]): string | null {
  for (const key of Object.keys(branches[0]?.properties ?? {})) {
    const literals = branches.map((branch) => branch.properties?.[key]?.const);
    if (!literals.includes(undefined) && new Set(literals).size === branches.length) return key;
  }
  return null;
}
