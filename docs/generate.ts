/** npm run docs: writes the generated pages again. Tests hold each against what it is generated from. */
import { writeFileSync } from 'node:fs';
import { experimentsPage } from '@skewbed/experiments/experiments-page.ts';
import { protocolPage } from '@skewbed/proto/protocol-page.ts';

writeFileSync(new URL('./protocol.md', import.meta.url), protocolPage());
writeFileSync(new URL('./experiments.md', import.meta.url), await experimentsPage());
