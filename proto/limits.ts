/**
 * Every bound of Skewbed, with its arithmetic. Both sides of a wire check them: the sender before it sends, the receiver
 * before it allocates. A value beyond one is the error 'limit-exceeded', never a truncation.
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;

/** One message of a channel. A batch is at most 1024 pages (4 MiB); 1 MiB more carries pfns, types and other records. */
export const MESSAGE_MAX_BYTES = 5 * MIB;
/** What a channel holds for a peer that does not read: 12 full messages. Credits keep a healthy stream far below. */
export const CHANNEL_QUEUE_MAX_BYTES = 12 * MESSAGE_MAX_BYTES;
/** Open channels of one service: 256 nodes with a control and a stream channel each, and as many watchers. */
export const CHANNELS_MAX = 1024;
/** The reason of a close frame: a control frame has 125 bytes, the code takes 2 (RFC 6455, 5.5). */
export const CLOSE_REASON_MAX_BYTES = 123;
/** Path and query of a channel: '/v1/streams/' (12), a migration's name (64), and a query. */
export const CHANNEL_PATH_MAX_CHARS = 512;
/** From dial to open channel. Ten times the slowest round trip that a testbed over a real network has (1 s). */
export const HANDSHAKE_TIMEOUT_NS = 10n * NS_PER_S;
/** How often a side of a channel pings. */
export const KEEP_ALIVE_PERIOD_NS = 5n * NS_PER_S;
/** Pings in a row without any answer after which a channel counts as broken: 15 s. */
export const KEEP_ALIVE_MISSES_MAX = 3;
/** From a close of ours to the answer of the peer; after it the connection is destroyed. */
export const CLOSE_TIMEOUT_NS = 3n * NS_PER_S;
/** One line of the coordinator's journal: a commit line has below 1 KiB; a node table of 256 nodes below 64 KiB. */
export const JOURNAL_LINE_MAX_BYTES = 64 * KIB;
/** A journal which is read at start. 64 MiB are 65,000 migrations with 1 KiB each. */
export const JOURNAL_MAX_BYTES = 64 * MIB;
/** A token below 16 characters (96 bits in base64) can be guessed. */
export const TOKEN_MIN_CHARS = 16;
/** A token travels in one HTTP header; node:http takes 16 KiB of headers in all. */
export const TOKEN_MAX_CHARS = 1024;
/** Events of one simulated instant. Beyond it two processes answer each other without time going on. */
export const SIM_EVENTS_PER_INSTANT_MAX = 1_000_000;
/** The longest setTimeout: a signed 32-bit count of milliseconds. */
export const REAL_TIMER_MAX_NS = 2_147_483_647n * NS_PER_MS;
