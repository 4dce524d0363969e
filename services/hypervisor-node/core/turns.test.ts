import { trueNs } from '@skewbed/proto/units.ts';
import { expect, it } from 'vitest';
import { type Sender, Turns } from './turns.ts';

/** A node whose event loop goes round, and whose time passes, when the test says so. */
function loop() {
  const due: (() => void)[] = [];
  let now = 0n;
  const clock = { now: () => trueNs(now), uncertainty: () => 0n };
  const turns = new Turns({
    clock,
    timers: {
      at: (_deadline, fire) => {
        due.push(fire);
        return { cancel: () => {} };
      },
    },
  });
  return {
    turns,
    pass: (ns: bigint) => {
      now += ns;
    },
    goRound: () => {
      for (const fire of due.splice(0)) fire();
    },
  };
}

/** A stream that sends its batches as it may, and writes each into the list. */
function stream(turns: Turns, name: string, batches: number, sent: string[], guest: Sender['guest'] = 'runs'): Sender {
  let left = batches;
  const sender: Sender = {
    guest,
    again() {
      while (left > 0 && turns.mayGo(sender)) {
        left -= 1;
        sent.push(name);
      }
    },
  };
  return sender;
}

it('streams take turns, one batch in each turn of the event loop', () => {
  const { turns, goRound } = loop();
  const sent: string[] = [];
  for (const name of ['a', 'b', 'c']) stream(turns, name, 2, sent).again();
  // The first did not know yet that others would come.
  expect(sent).toEqual(['a', 'a']);
  const seen: string[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const before = sent.length;
    goRound();
    seen.push(sent.slice(before).join(''));
  }
  expect(seen).toEqual(['b', 'c', 'b', 'c']);
});

it('a stream that is alone is never asked to wait', () => {
  const { turns } = loop();
  const sent: string[] = [];
  stream(turns, 'a', 8, sent).again();
  expect(sent).toHaveLength(8);
});

it('a guest that stands still comes before those that run', () => {
  const { turns, goRound } = loop();
  const sent: string[] = [];
  for (const name of ['a', 'b', 'c']) stream(turns, name, 1, sent).again();
  stream(turns, 'stopped', 1, sent, 'stopped').again();
  for (let turn = 0; turn < 3; turn++) goRound();
  expect(sent).toEqual(['a', 'stopped', 'b', 'c']);
});

it('in one turn they send for as long as the rest of the process has had: who takes as much as it sends does both', () => {
  const { turns, goRound, pass } = loop();
  const sent: string[] = [];
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const working = (name: string): Sender => {
    const sender: Sender = {
      guest: 'runs',
      again() {
        if (!turns.mayGo(sender)) return;
        pass(10n);
        sent.push(name);
      },
    };
    return sender;
  };
  const senders = names.map(working);
  for (const sender of senders) sender.again();
  goRound();
  const before = sent.length;
  for (const sender of senders) sender.again();
  pass(30n);
  goRound();
  expect(sent.slice(before)).toHaveLength(3);
});

it('one that ended, or has nothing to send when its turn comes, keeps nobody waiting', () => {
  const { turns, goRound } = loop();
  const sent: string[] = [];
  stream(turns, 'a', 1, sent).again();
  const idle: Sender = { guest: 'runs', again: () => {} };
  const gone = stream(turns, 'gone', 1, sent);
  turns.mayGo(idle);
  gone.again();
  stream(turns, 'b', 1, sent).again();
  turns.leave(gone);
  goRound();
  expect(sent).toEqual(['a', 'b']);
});

it('batches are smaller where many streams send, so that all of them together keep what four do', () => {
  const { turns } = loop();
  const senders = Array.from({ length: 50 }, (): Sender => ({ guest: 'runs', again: () => {} }));
  const sizes = senders.map((sender) => {
    turns.join(sender);
    return turns.pagesPerBatch;
  });
  expect([sizes[0], sizes[3], sizes[7], sizes[49]]).toEqual([1024, 1024, 512, 128]);
  for (const sender of senders.slice(1)) turns.leave(sender);
  expect(turns.pagesPerBatch).toBe(1024);
});
