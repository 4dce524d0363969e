/** What SUSE's two ports have of their own: facts L.1 to L.3, L.6, L.7 and L.9, L.10. */
import { NS_PER_MS, NS_PER_S } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { aheadOfHost, runTrial, type Trial } from '../../laboratory.ts';
import { asleepUntil, near, s } from './expectations.ts';

const K2 = 'suse-2.6.25';
const K2_LATER = 'suse-2.6.31';
const T1 = { uptimeA: s(1_000_000), move: { uptimeB: s(1_000_030), wallJump: s(-570), downtime: s(30) } };
