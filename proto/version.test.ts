import { describe, expect, it } from 'vitest';
import { agreeOnProtocol } from './version.ts';

describe('two versions of the protocol', () => {
  it('agree on the lower minor when their majors are equal', () => {
    expect(agreeOnProtocol({ major: 1, minor: 7 }, { major: 1, minor: 3 })).toEqual({ major: 1, minor: 3 });
    expect(agreeOnProtocol({ major: 1, minor: 2 }, { major: 1, minor: 3 })).toEqual({ major: 1, minor: 2 });
  });

  it('do not agree when their majors differ, and say who is older', () => {
    const ours = { major: 2, minor: 0 };
    expect(() => agreeOnProtocol({ major: 1, minor: 9 }, ours)).toThrow(/1\.9.*2\.0.*bring the peer up to date/);
    expect(() => agreeOnProtocol({ major: 3, minor: 0 }, ours)).toThrow(/bring this side up to date/);
  });
});
