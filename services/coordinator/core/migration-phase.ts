/** A phase of a migration, as the history tells it: by the coordinator, and therefore without a host. */
import type { TrueNs } from '@skewbed/proto/units.ts';
import { wireText } from '@skewbed/proto/wire-error.ts';
import type { MigrationDesk } from './migration-desk.ts';

export type PhaseOf = { readonly migration: string; readonly domain: string };

/** `at`: a phase may begin at an instant that an order named, and which is ahead. */
export function recordPhase(
  desk: MigrationDesk,
  { migration, domain }: PhaseOf,
  phase: string,
  more: { readonly detail?: string; readonly at?: TrueNs } = {},
): void {
  const at = more.at ?? desk.clock.now();
  const detail = more.detail === undefined ? {} : { detail: wireText(more.detail) };
  desk.record({ at, kind: 'migration', migration, domain, phase, ...detail });
}
