/**
 * The version of what travels. Two peers talk when their majors are equal; the lower minor is what both may use.
 * A major grows when a message that exists changes, a minor when a message or an optional field is added.
 */
import { SkewbedError } from './errors.ts';

export type ProtocolVersion = { readonly major: number; readonly minor: number };

export const PROTOCOL: ProtocolVersion = { major: 1, minor: 0 };

/** '1.0'. */
export function versionText(version: ProtocolVersion): string {
  return `${version.major}.${version.minor}`;
}

/** What two peers speak, or a 'protocol-mismatch' that says which side is to be brought up to date. */
export function agreeOnProtocol(theirs: ProtocolVersion, ours: ProtocolVersion = PROTOCOL): ProtocolVersion {
  if (theirs.major !== ours.major) {
    const older = theirs.major < ours.major ? 'the peer' : 'this side';
    throw new SkewbedError(
      'protocol-mismatch',
      `the peer speaks protocol ${versionText(theirs)}, this side ${versionText(ours)}; majors must be equal: bring ${older} up to date`,
    );
  }
  return { major: ours.major, minor: Math.min(ours.minor, theirs.minor) };
}
