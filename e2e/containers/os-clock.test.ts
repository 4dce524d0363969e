import { randomBytes } from 'node:crypto';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeContainers, docker, IMAGE, LABEL, OS_CLOCK_IMAGE } from './engine.ts';
import { machineSeconds } from './machine-clocks.ts';

// A node alone: its coordinator is nobody, and its clocks are those of the container all the same.
const TOKEN = randomBytes(24).toString('base64url');
const NODE = {
  SKEWBED_TOKEN: TOKEN,
  SKEWBED_LISTEN: '0.0.0.0:8080',
  SKEWBED_COORDINATOR_URL: 'http://127.0.0.1:9',
  SKEWBED_LOG: 'silent',
};
/** What compose.os-clock.yaml gives a node; compose.test.ts holds the file itself to it. */
const OS = {
  HOST_CLOCK: 'os',
  LD_PRELOAD: '/usr/local/lib/libfaketimeMT.so.1',
  FAKETIME_TIMESTAMP_FILE: '/run/clock/wall',
  FAKETIME_CACHE_DURATION: '1',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
};
const CAPABILITIES = ['SYS_ADMIN', 'SETUID', 'SETGID', 'SETPCAP'];

const exec = async (container: StartedTestContainer, ...command: string[]): Promise<string> => {
  const { output, exitCode, stderr } = await container.exec(command);
  expect(exitCode, `${command.join(' ')}: ${stderr}`).toBe(0);
  return output.trim();
};

/** Both clocks in one process, [wall, monotonic] in ms, at the start and after `seconds`. */
const bothClocks = async (
  container: StartedTestContainer,
  seconds: number,
): Promise<{ wall: number; mono: number }> => {
  const script = `const look = () => [Date.now(), performance.now()]; const [w, m] = look();
    setTimeout(() => { const [w2, m2] = look(); console.log(JSON.stringify({ wall: w2 - w, mono: m2 - m })); }, ${seconds * 1000});`;
  return JSON.parse(await exec(container, 'node', '-e', script));
};

describeContainers('a container whose operating system has skewed clocks', () => {
  let node: StartedTestContainer;
  let plain: StartedTestContainer;

  beforeAll(async () => {
    const start = (image: string, environment: Record<string, string>) =>
      new GenericContainer(image)
        .withEnvironment({ ...NODE, ...environment })
        .withLabels({ [LABEL]: '1' })
        .withDroppedCapabilities('ALL')
        .withSecurityOpt('no-new-privileges:true')
        .withTmpFs({ '/tmp': 'rw', '/run/clock': 'rw,mode=0777' })
        .withWaitStrategy(Wait.forLogMessage('"ready":true'));
    [node, plain] = await Promise.all([
      start(OS_CLOCK_IMAGE, { ...OS, SKEWBED_HOST_WALL: '-10m x1.002', SKEWBED_HOST_UPTIME: '41d3h' })
        .withAddedCapabilities(...CAPABILITIES)
        .start(),
      start(IMAGE, { SKEWBED_HOST_WALL: '-10m x1.002', SKEWBED_HOST_UPTIME: '41d3h' })
        .withCommand(['node', 'services/hypervisor-node/main.ts'])
        .start(),
    ]);
  });
  afterAll(async () => {
    const ids = [node, plain].flatMap((each) => each?.getId() ?? []);
    if (ids.length > 0) await docker('rm', '--force', '--volumes', ...ids);
  });

  it('has the wall that was asked for, seen from inside by any program', async () => {
    const inside = Number(await exec(node, 'date', '+%s.%N'));
    expect(inside - machineSeconds()).toBeCloseTo(-600, 0);
  });

  it('has the uptime that was asked for, in the node itself', async () => {
    // /proc/1/timens_offsets is what the kernel adds to the machine's monotonic clock.
    const offsets = await exec(node, 'cat', '/proc/1/timens_offsets');
    const offset = Number(/^monotonic\s+(-?\d+)/m.exec(offsets)?.[1]);
    const machine = Number(process.hrtime.bigint()) / 1e9;
    const started = 60;
    expect(offset + machine).toBeGreaterThan(41 * 86_400 + 3 * 3_600);
    expect(offset + machine).toBeLessThan(41 * 86_400 + 3 * 3_600 + started);
  });

  it('drifts by 2,000 ppm, both clocks read in one process over 30 s', async () => {
    const { wall, mono } = await bothClocks(node, 30);
    const ppm = ((wall - mono) / mono) * 1e6;
    expect(ppm).toBeGreaterThan(1_800);
    expect(ppm).toBeLessThan(2_200);
  });

  it('is not skewed where nobody skewed it: canary', async () => {
    const [inside, outside] = [Number(await exec(plain, 'date', '+%s.%N')), machineSeconds()];
    expect(Math.abs(inside - outside)).toBeLessThan(1);
    const { wall, mono } = await bothClocks(plain, 2);
    expect(Math.abs(wall - mono)).toBeLessThan(50);
  });

  it('can be set while everything runs', async () => {
    await exec(node, 'bash', 'docker/set-clock.sh', 'step', '-5s');
    const inside = Number(await exec(node, 'date', '+%s.%N'));
    expect(inside - machineSeconds()).toBeCloseTo(-605, 0);
  });

  it('has given up every privilege before the node runs, and could not set the machine’s clock if it wanted', async () => {
    const status = await exec(node, 'cat', '/proc/1/status');
    expect(status).toMatch(/^CapEff:\s+0{16}$/m);
    expect(status).toMatch(/^Uid:\s+1000\s+1000\s+1000\s+1000$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    const before = machineSeconds();
    for (const container of [node, plain]) {
      const { exitCode } = await container.exec(['env', '-u', 'LD_PRELOAD', 'date', '-s', '2001-01-01'], {
        user: 'root',
      });
      expect(exitCode).not.toBe(0);
    }
    expect(machineSeconds()).toBeGreaterThanOrEqual(before);
  });
});
