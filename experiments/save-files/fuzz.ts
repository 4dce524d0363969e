/**
 * npm run fuzz:save-files [-- COUNT [SEED]]: every value of every header byte of the small file, then COUNT damaged files
 * (a million unless told), and what they cost. A failure prints the seed and the number that repeat it.
 */
import { styleText } from 'node:util';
import { damaged, diceOf, fieldsOf, hold, holdByte } from './damage.ts';
import { smallSaveBytes } from './small-save.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 1);
/** CPU time that one input may take, collections of garbage included: another program's turn is not ours. */
const SLOWEST_MS = 2_000;
const RSS_MAX_BYTES = 1024 ** 3;

const bytes = smallSaveBytes();
const fields = fieldsOf(bytes);
const tally = { refused: 0, free: 0, sound: 0 };
let slowest = 0;

const began = performance.now();
for (const field of fields) {
  for (let at = field.offset; at < field.offset + field.length; at++) {
    for (let value = 0; value < 256; value++) if (value !== bytes[at]) tally[holdByte(bytes, at, value, field)]++;
  }
}
const headers = tally.refused + tally.free;
console.log(`${headers} single-byte changes of headers: ${tally.refused} refused, ${tally.free} in free fields`);

tally.refused = 0;
for (let number = 0; number < count; number++) {
  const started = process.cpuUsage();
  try {
    tally[hold(damaged(bytes, fields, diceOf(seed * 0x10001 + number)))]++;
  } catch (error) {
    console.error(
      styleText(
        'red',
        `input ${number} of seed ${seed} fails; repeat it: npm run fuzz:save-files -- ${number + 1} ${seed}`,
      ),
    );
    throw error;
  }
  const { user, system } = process.cpuUsage(started);
  slowest = Math.max(slowest, (user + system) / 1000);
  if (number % 100_000 === 99_999) console.log(`${number + 1} of ${count}`);
}
const seconds = (performance.now() - began) / 1000;
const rss = process.memoryUsage().rss;
console.log(
  `${count} damaged files: ${tally.refused} refused, ${tally.sound} still sound; ${seconds.toFixed(0)} s, slowest ${slowest.toFixed(1)} ms, ${(rss / 2 ** 20).toFixed(0)} MiB`,
);
if (slowest > SLOWEST_MS || rss > RSS_MAX_BYTES) {
  console.error('too slow, or too much memory');
  process.exitCode = 1;
}
