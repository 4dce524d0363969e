/**
 * How a Node process of Skewbed is started so that it stays small. Its TypeScript is stripped of types by a module of Node
 * that is 10 MiB of WebAssembly; what it has stripped and compiled once, Node keeps in a folder, and with it a process
 * starts in half the time and without that module. V8 lets garbage of young objects pile up in up to 48 MiB; pages are
 * not among them, so that 1 MiB a half does as well. And glibc keeps a heap for each of a dozen threads; one is enough.
 * The image does the same (docker/Dockerfile).
 */
import { fileURLToPath } from 'node:url';

/** Beside the packages: whoever may write there may change what is run anyway. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/skewbed-compiled', import.meta.url));

/** For process.execPath, in front of the program. */
export const LEAN_FLAGS: readonly string[] = ['--max-semi-space-size=1'];

/** The environment of this process, and where a child keeps what it compiled; a folder that is set already stays. */
export function leanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { NODE_COMPILE_CACHE: CACHE, MALLOC_ARENA_MAX: '1', ...process.env, ...more };
}
