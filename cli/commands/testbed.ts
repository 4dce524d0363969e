/**
 * skewbed testbed: the main job on a coordinator and nodes that are there already, as the service `testbed` of
 * compose.yaml runs it: the story of the hang and its cures, all cases, or whatever is named, ended by a table.
 */
import { caseNamed, caseNames, loadScenario } from '@skewbed/experiments/case-library.ts';
import { caseScale } from '@skewbed/experiments/case-scale.ts';
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { OS_SCALE, ownClocksScenario } from '@skewbed/experiments/own-clocks.ts';
import { writeSuite } from '@skewbed/experiments/run-folder.ts';
import type { Scenario } from '@skewbed/experiments/scenarios/scenario.ts';
import { STORY_SCALE, story } from '@skewbed/experiments/story.ts';
import { type ContainerTestbed, openContainers } from '@skewbed/experiments/testbeds/containers.ts';
import { printTable, type ToldChapter, tell, worstOf } from '../telling.ts';
import { say, styled } from '../terminal.ts';

/** Set by compose.yaml: then this is what the user's ^C reaches. */
const IN_COMPOSE = process.env.SKEWBED_IN_COMPOSE === '1';

/** The nodes' clocks are those of their operating systems: nobody can order or scale them. */
const OS_CLOCKS = process.env.HOST_CLOCK === 'os';

export type TestbedCommandOptions = { readonly seed: number; readonly out: string; readonly json?: true };

/** Runs what was named, in that order. */
export async function testbed(what: readonly string[], { seed, out, json }: TestbedCommandOptions): Promise<number> {
  const print = json ? () => {} : say;
  const bed = await openContainers(process.env);
  const forget = onInterrupt(() => bed.stopServices());
  try {
    const chapters = what.flatMap((each) => chaptersOf(each, bed));
    print(styled('bold', `Skewbed: the clock-goes-backward hang, on the nodes of ${bed.coordinatorUrl}`));
    if (IN_COMPOSE) print('^C stops everything within seconds; docker compose down -v removes what is left of it.');
    print(
      OS_CLOCKS
        ? 'The hosts have the clocks of their operating systems. Every freeze is seen by programs inside the guest.'
        : 'Skews are scaled down, ten minutes become seconds. Every freeze is seen by programs inside the guest.',
    );
    const told = await tell(bed, chapters, { seed, out, print });
    const code = worstOf(told);
    const runs = told.map(({ judged }) => judged);
    if (json)
      process.stdout.write(jsonText({ schema: 1, pass: code === EXIT.pass, runs: runs.map((run) => run.result) }));
    else {
      printTable(told);
      print();
      print(`report       ${writeSuite(out, runs)}`);
      printComposeEnd(code);
    }
    return code;
  } finally {
    forget();
    await bed.close();
  }
}

/** Compose stops the one service that was named; whoever types ^C means all of them, so this one takes them along. */
function onInterrupt(stopServices: () => Promise<void>): () => void {
  const signals = (['SIGINT', 'SIGTERM'] as const).map((signal) => {
    const stop = (): void => {
      const code = signal === 'SIGINT' ? 130 : 143;
      if (!IN_COMPOSE) process.exit(code);
      say('stopped; docker compose down -v removes containers, networks and volumes');
      void stopServices().finally(() => process.exit(code));
    };
    process.once(signal, stop);
    return [signal, stop] as const;
  });
  return () => {
    for (const [signal, stop] of signals) process.off(signal, stop);
  };
}

function chaptersOf(what: string, bed: ContainerTestbed): readonly ToldChapter[] {
  if (what === 'story') return story().map((chapter) => ({ ...chapter, scaleOf: () => ({ scale: STORY_SCALE }) }));
  if (what === 'cases') {
    const text = 'The six cases of the thread, each against what it expects.';
    return [
      { title: 'The cases', text, scaleOf: caseScale, runs: caseNames().map((name) => runOf(loadScenario(name))) },
    ];
  }
  if (what === 'own') {
    const scenario = ownClocksScenario(process.env);
    const chapter = { title: "The nodes' own clocks", text: scenario.question, runs: [runOf(scenario)] };
    return [
      OS_CLOCKS
        ? { ...chapter, scaleOf: () => ({ scale: `1/${OS_SCALE}` }), on: bed.runOnNodeClocks }
        : { ...chapter, scaleOf: AUTO },
    ];
  }
  const scenario = loadScenario(what);
  return [
    {
      title: scenario.scenario,
      text: scenario.question,
      scaleOf: caseNamed(what) ? caseScale : AUTO,
      runs: [runOf(scenario)],
    },
  ];
}

const AUTO = () => ({ scale: 'auto' });
const runOf = (scenario: Scenario) => ({ label: scenario.scenario, scenario });

/** For somebody who came here by `docker compose up testbed`: what still runs, and how to get rid of it. */
function printComposeEnd(code: number): void {
  if (!IN_COMPOSE) return;
  const port = process.env.SKEWBED_PORT || '8080';
  say(
    `page         http://localhost:${port}  (still running; its token: docker compose exec coordinator cat /run/skewbed/token)`,
  );
  say('runs         docker compose cp coordinator:/runs ./runs');
  say('again        docker compose up testbed');
  say('clean up     docker compose down -v');
  say(`exit code    ${code}`);
}
