/** A service that is told nothing wrong never loads typebox's compiler: it is 10 MiB of each node and coordinator. */
import { type TSchema, Type } from 'typebox';
import { expect, it, vi } from 'vitest';
import { checkerOf } from './checker.ts';
import { MESSAGES } from './control/registry.ts';

const compile = vi.hoisted(() => vi.fn((_schema: unknown) => ({ Check: () => false })));
vi.mock('./late-typebox.ts', () => ({ Compile: compile }));

type Node = TSchema & { readonly anyOf?: Node[]; readonly properties?: Record<string, Node>; readonly items?: Node };

function leavesOf(node: Node): Node[] {
  if (node.anyOf !== undefined) return node.anyOf.flatMap(leavesOf);
  if (node.properties !== undefined) return Object.values(node.properties).flatMap(leavesOf);
  return node.items === undefined ? [node] : leavesOf(node.items);
}

it('every field of every message is checked without the compiler', () => {
  const leaves = Object.values(MESSAGES).flatMap(({ schema }) => leavesOf(schema));
  expect(leaves.length).toBeGreaterThan(200);
  for (const leaf of leaves) for (const value of ['', 0, 0n, null, undefined, []]) checkerOf(leaf)(value);
  expect(compile.mock.calls).toEqual([]);
});

it('sees a field that needs it (canary)', () => {
  checkerOf(Type.String({ minLength: 1 }))('x');
  expect(compile).toHaveBeenCalledOnce();
});
