/** Reads a save file with a bar on standard error, when it is so large that reading takes more than two seconds. */
import { statSync } from 'node:fs';
import { withSaveFile } from '@skewbed/experiments/save-files/file-input.ts';
import type { ByteInput } from '@skewbed/proto/libxc/byte-cursor.ts';
import { progressBar } from './progress.ts';

/** A machine at work on other things reads about 100 MB a second. */
const BAR_FROM_BYTES = 256 * 1024 ** 2;

/** Opens a file, uses it, and closes it. `doing` is what the bar calls it. */
export function readSaveFileFrom<R>(file: string, doing: string, use: (input: ByteInput) => R): R {
  const size = file === '-' ? 0 : (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  if (size < BAR_FROM_BYTES) return withSaveFile(file, use);
  const bar = progressBar(`${doing} ${file}`);
  let read = 0;
  try {
    return withSaveFile(file, (input) =>
      use({
        read(length) {
          const bytes = input.read(length);
          read += bytes.length;
          bar.update(read / size);
          return bytes;
        },
      }),
    );
  } finally {
    bar.stop();
  }
}
