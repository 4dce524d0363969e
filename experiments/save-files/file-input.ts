/**
 * Save files on disk: read from the start in blocks, or at any offset, and written whole or not at all. `-` is standard
 * input. Everything is synchronous: one command reads one file.
 */
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { ByteInput } from '@skewbed/proto/libxc/byte-cursor.ts';

/** Reads in front of small fields are answered from one block. */
const BLOCK_BYTES = 256 * 1024;

/** Opens a file, uses it, and closes it. */
export function withSaveFile<R>(path: string, use: (input: ByteInput) => R): R {
  if (path === '-') return use(blocksOf(0, 'standard input'));
  const fd = opened(path, 'r');
  try {
    return use(blocksOf(fd, path));
  } finally {
    closeSync(fd);
  }
}

/** Opens a file for reading at offsets. */
export function withOffsets<R>(path: string, use: (read: (offset: number, length: number) => Uint8Array) => R): R {
  const fd = opened(path, 'r');
  try {
    return use((offset, length) => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
    });
  } finally {
    closeSync(fd);
  }
}

/** Writes the chunks to a file beside it and renames that, so that nobody sees half a save. Returns the bytes. */
export function writeSaveFile(path: string, chunks: Iterable<Uint8Array>): number {
  const unfinished = `${path}.part`;
  const fd = opened(unfinished, 'w');
  let written = 0;
  try {
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
      written += chunk.length;
    }
    fsyncSync(fd);
  } catch (error) {
    closeSync(fd);
    rmSync(unfinished, { force: true });
    throw error;
  }
  closeSync(fd);
  renameSync(unfinished, path);
  return written;
}

function opened(path: string, mode: 'r' | 'w'): number {
  try {
    return openSync(path, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const doing = mode === 'r' ? 'read' : 'written';
    throw new SkewbedError('not-found', `${path} cannot be ${doing} (${code}); check the path`, path);
  }
}

function blocksOf(fd: number, path: string): ByteInput {
  let block = new Uint8Array(0);
  const fill = (bytes: Uint8Array): number => {
    let at = 0;
    while (at < bytes.length) {
      const got = readOnce(fd, path, bytes.subarray(at));
      if (got === 0) break;
      at += got;
    }
    return at;
  };
  return {
    read(length) {
      if (length <= block.length) {
        const part = block.slice(0, length);
        block = block.subarray(length);
        return part;
      }
      const bytes = new Uint8Array(length);
      bytes.set(block);
      let at = block.length;
      block = new Uint8Array(0);
      if (length - at >= BLOCK_BYTES) return bytes.subarray(0, at + fill(bytes.subarray(at)));
      const fresh = new Uint8Array(BLOCK_BYTES);
      const got = fresh.subarray(0, fill(fresh));
      const part = got.subarray(0, length - at);
      bytes.set(part, at);
      at += part.length;
      block = got.subarray(part.length);
      return bytes.subarray(0, at);
    },
  };
}

function readOnce(fd: number, path: string, into: Uint8Array): number {
  for (;;) {
    try {
      return readSync(fd, into);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A pipe on standard input may have nothing yet.
      if (code === 'EAGAIN') {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
        continue;
      }
      if (code === 'EOF') return 0;
      throw new SkewbedError('not-found', `${path} cannot be read (${code}); check that it is a file`, path);
    }
  }
}
