import { describe, expect, it } from 'vitest';
import {
  COMMON_SETTINGS,
  helpText,
  isLoopback,
  readListen,
  readLogLevel,
  readNames,
  readPeerUrl,
  readSettings,
} from './settings.ts';

describe('settings', () => {
  it('come from flags, then from the environment, then from defaults', () => {
    const read = (args: string[], environment: Record<string, string>) =>
      readSettings(COMMON_SETTINGS, args, environment)?.get('listen');
    expect(read(['--listen', '[::1]:1'], { SKEWBED_LISTEN: '[::1]:2' })).toBe('[::1]:1');
    expect(read([], { SKEWBED_LISTEN: '[::1]:2' })).toBe('[::1]:2');
    expect(read([], {})).toBe('127.0.0.1:0');
  });

  it('refuse a flag that is none, and stray words', () => {
    expect(() => readSettings(COMMON_SETTINGS, ['--lisen', 'x'], {})).toThrow(/--lisen.*see --help/s);
    expect(() => readSettings(COMMON_SETTINGS, ['x'], {})).toThrow(/see --help/);
  });

  it('are all in the help, which never asks for a token as a flag', () => {
    expect(readSettings(COMMON_SETTINGS, ['--help'], {})).toBeNull();
    const help = helpText('p', 'does things', COMMON_SETTINGS);
    for (const { flag, variable } of COMMON_SETTINGS) expect(help).toContain(`--${flag} VALUE`.padEnd(26) + variable);
    expect(help).toContain('SKEWBED_TOKEN_FILE');
    expect(help).not.toContain('--token');
  });

  it.each([
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['[::1]:0', '::1', 0],
    ['node-a:80', 'node-a', 80],
  ])('take %s as an address', (text, host, port) => {
    expect(readListen(text)).toEqual({ host, port });
  });

  it.each(['8080', '127.0.0.1', '127.0.0.1:99999', '::1:80', '127.0.0.1:8080/x'])(
    'do not take %s as an address',
    (text) => {
      expect(() => readListen(text)).toThrow(/write it like/);
    },
  );

  it('know loopback, by which a random token is allowed', () => {
    expect(['127.0.0.1', '127.8.9.1', '::1', 'localhost'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.evil.example', 'node-a'].some(isLoopback)).toBe(false);
  });

  it('read names, levels and peers, or say how to write them', () => {
    expect(readNames(' a, b,,')).toEqual(['a', 'b']);
    expect(() => readLogLevel('loud')).toThrow(/one of debug/);
    expect(readPeerUrl('http://c:1/', 'X')).toBe('http://c:1');
    for (const wrong of ['', 'c:1', 'file:///x', 'http://u:p@c:1', 'http://c:1/?a=b'])
      expect(() => readPeerUrl(wrong, 'X')).toThrow(/^X '/);
  });
});
