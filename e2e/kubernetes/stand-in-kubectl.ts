/**
 * What docker/kubernetes/chaos.sh needs of kubectl, without a cluster: `apply` runs the command of the manifest's container
 * once for each index, as processes of this machine with the environment that a pod would have; `get` and `logs` tell of
 * them. STAND_IN_FOLDER is its memory. STAND_IN_LOSES names an index whose pod never succeeds.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Job } from './job-schema.ts';

const folder = process.env.STAND_IN_FOLDER!;
const manifest = join(folder, 'manifest.yaml');
const [verb = '', ...words] = process.argv.slice(2);
const say = (text: string): void => void process.stdout.write(text);

switch (verb) {
  case 'apply':
    apply(readFileSync(0, 'utf8'));
    break;
  case 'get':
    say(words[0] === 'job' ? aboutJob() : succeeded().join('\n'));
    break;
  case 'logs':
    say(readFileSync(join(folder, `${words[0]!.replace('pod/', '')}.log`), 'utf8'));
    break;
  case 'delete':
    rmSync(manifest, { force: true });
    writeFileSync(join(folder, 'deleted'), '');
    break;
  default:
    throw new Error(`nobody taught the stand-in ${verb}`);
}

function apply(text: string): void {
  writeFileSync(manifest, text);
  writeFileSync(join(folder, 'applied.yaml'), text);
  const { spec } = parse(text) as Job;
  const [container] = spec.template.spec.containers;
  const [command = '', ...args] = container!.command;
  for (let index = 0; index < spec.completions; index++) {
    if (String(index) === process.env.STAND_IN_LOSES) continue;
    const { status, stdout } = spawnSync(command, args, {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      env: {
        PATH: process.env.PATH,
        ...Object.fromEntries(container!.env.map(({ name, value }) => [name, value])),
        JOB_COMPLETION_INDEX: String(index),
        // A pod has a /tmp of its own.
        SKEWBED_OUT: join(folder, `runs-${index}`),
        SKEWBED_PROGRESS: join(folder, `progress-${index}`),
      },
    });
    if (status === 0) writeFileSync(join(folder, `skewbed-chaos-${index}.log`), stdout);
  }
}

function aboutJob(): string {
  if (!existsSync(manifest)) return '';
  if (!words.some((word) => word.startsWith('jsonpath'))) return 'job.batch/skewbed-chaos';
  const { completions } = (parse(readFileSync(manifest, 'utf8')) as Job).spec;
  const lost = process.env.STAND_IN_LOSES !== undefined;
  // A job that lies about being complete is what the merge has to see through.
  return `${lost ? completions : succeeded().length} ${lost || succeeded().length === completions ? 'SuccessCriteriaMet Complete' : 'Failed'}`;
}

function succeeded(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => `pod/${name.replace('.log', '')}`);
}
