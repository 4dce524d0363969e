/**
 * typebox's compiler, read when it is first needed: 10 MiB of a process that most services never use. What is right is
 * seen by checker.ts; the compiler has the words in which something is refused, and the rare leaves. Its loading is not
 * awaited, since whoever refuses a message must do so at once.
 */
import { createRequire } from 'node:module';
import type * as Compiler from 'typebox/compile';

const require = createRequire(import.meta.url);

/** As typebox's own. */
export const Compile: typeof Compiler.Compile = ((...given: Parameters<typeof Compiler.Compile>) =>
  (require('typebox/compile') as typeof Compiler).Compile(...given)) as typeof Compiler.Compile;
