/**
 * A patch: one change to the toolstack, the hypervisor or a guest kernel, switched on by name. It wraps entries of the
 * operation tables, and nowhere else in the model is there a question whether a patch is on. Whether it works is not
 * written in it: the matrix finds out.
 */
import type { GuestTimeOps } from '../guest/kernel.ts';
import type { RestoreOps, SaveOps } from '../migration/toolstack-ops.ts';
import type { KernelName } from '../xen/host-event.ts';
import type { DomctlTable, HypervisorTimeOps } from '../xen/hypervisor-ops.ts';

export type PatchSide = 'toolstack' | 'hypervisor' | 'guest';

/** What a patch does to each table: takes the table as it is, gives the entries that it replaces. */
export type PatchEffects = {
  readonly guestTime?: (base: GuestTimeOps) => Partial<GuestTimeOps>;
  readonly hypervisorTime?: (base: HypervisorTimeOps) => Partial<HypervisorTimeOps>;
  readonly save?: (base: SaveOps) => Partial<SaveOps>;
  readonly restore?: (base: RestoreOps) => Partial<RestoreOps>;
  /** Adds numbers to the domctl table; throws 'domctl-clash' where one is taken. */
  readonly domctl?: (table: DomctlTable, host: string) => void;
};

export type Patch = PatchEffects & {
  readonly name: string;
  readonly side: PatchSide;
  /** Guest kernels that it applies to. A patch of the other sides applies to all. */
  readonly kernels?: readonly KernelName[];
  /** A deliberate fault, for tests of the tests: never in the matrix. */
  readonly testOnly?: true;
  /** Mail, commit, file. */
  readonly source: string;
  /** What its author says it does. */
  readonly claims: string;
  /** What was said against it, and what this project found out. */
  readonly objections: string;
};
