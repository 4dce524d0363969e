/**
 * A patch of somebody's own (`--patch ./mine.ts`): a module whose default export, or export named `patch`, is one. It
 * joins the registry of this process; every worker has to load it for itself.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Patch } from '@skewbed/model/patches/patch.ts';
import { addPatch, patchNamed } from '@skewbed/model/patches/registry.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';

/** Loads the patch of a file, once, and gives its name. */
export async function addPatchFile(file: string): Promise<string> {
  const patch = patchIn(await load(file), file);
  const known = patchNamed(patch.name);
  if (known === undefined) addPatch(patch);
  else if (known !== patch)
    throw new SkewbedError(
      'bad-argument',
      `${file}: there is a patch '${patch.name}' already; give yours another name`,
      file,
    );
  return patch.name;
}

async function load(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>;
  } catch (error) {
    throw new SkewbedError('not-found', `the patch file ${file} cannot be loaded: ${(error as Error).message}`, file);
  }
}

function patchIn(module: Record<string, unknown>, file: string): Patch {
  const patch = module.default ?? module.patch;
  const sides: readonly unknown[] = ['toolstack', 'hypervisor', 'guest'];
  if (
    typeof patch === 'object' &&
    patch !== null &&
    'name' in patch &&
    typeof patch.name === 'string' &&
    'side' in patch &&
    sides.includes(patch.side)
  ) {
    return patch as Patch;
  }
  throw new SkewbedError(
    'bad-argument',
    `${file}: it exports no patch; write 'export default { name, side, source, claims, objections, ... }' as in model/patches`,
    file,
  );
}
