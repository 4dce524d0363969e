/**
 * Every bound of Skewbed, with its arithmetic. Both sides of a wire check them: the sender before it sends, the receiver
 * before it allocates. A value beyond one is the error 'limit-exceeded' or 'bad-message', never a truncation.
 * Imports nothing, so that the model may use it too. Times are nanoseconds unless the name says otherwise.
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;

// --- channels and files ----------------------------------------------------------------------------------------------

/** One message of a channel. A batch is at most 1024 pages (4 MiB); 1 MiB more carries pfns, types and other records. */
export const MESSAGE_MAX_BYTES = 5 * MIB;
/** What a channel holds for a peer that does not read: 12 full messages. Credits keep a healthy stream far below. */
export const CHANNEL_QUEUE_MAX_BYTES = 12 * MESSAGE_MAX_BYTES;
/** How much of a message is gathered before it is known where the rest goes: pfns of a full batch (16 KiB), and state. */
export const BULK_BEGINNING_MAX_BYTES = 64 * KIB;
/**
 * What one forwarded stream may hold in the relay between its two sockets: 2 buffers, of half a full batch each and what
 * stands in front of its pages. Buffers of 1 MiB are a tenth slower, larger ones and more of them no faster.
 */
export const FORWARD_BUFFERS_MAX = 2;
export const FORWARD_BUFFER_BYTES = 2 * MIB + 64 * KIB;
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

// --- memory and the stream -------------------------------------------------------------------------------------------

/** Pages in one message of a stream: 4 MiB, as libxc (MAX_BATCH_SIZE). A stream of them runs 1.3 times as fast as of 256. */
export const BATCH_PAGES_MAX = 1024;
/**
 * Records in one message: a domain's few small ones, and at worst one PAGE_DATA for every other page. 1024 pages, their
 * runs, one shared_info and 32 vCPU contexts of 5168 + 128 bytes are 4.2 MiB of MESSAGE_MAX_BYTES.
 */
export const BATCH_RECORDS_MAX = 512;
/** Batches that a source may have under way without an acknowledgement: 8 x 4 MiB of pages bound what a relay holds. */
export const STREAM_CREDIT_BATCHES = 8;
/**
 * What a source's socket may hold when the next batch is given to it, 1 MiB: the system's own buffers keep the link busy
 * meanwhile, and several guests on one link take turns by the batch.
 */
export const STREAM_QUEUE_BYTES = MIB;
/** Passes that an order of a pre-copy may ask for: at 4 MiB a second and pass, an hour and more. */
export const PRECOPY_ROUNDS_MAX = 1000;
/** The lowest limit of a pre-copy: 64 KiB/s are 16 pages, so that a batch of a few pages passes each second. */
export const TRANSFER_BANDWIDTH_MIN = 64 * KIB;
/** Frames of machine memory of one host: 4 GiB / 4 KiB. */
export const HOST_FRAMES_MAX = 1024 * KIB;
/** Pages of one guest: no more than its host has. */
export const DOMAIN_PAGES_MAX = HOST_FRAMES_MAX;
/** P2M frames of one domain: one for each 512 pages. */
export const P2M_FRAMES_MAX = DOMAIN_PAGES_MAX / 512;
/** vCPUs of one guest. The first 32 have their vcpu_info in shared_info (XEN_LEGACY_MAX_VCPUS). */
export const VCPUS_MAX = 32;
/** A vCPU's context in the stream: 5168 bytes on x86_64, and nothing else (facts D.4). */
export const VCPU_CONTEXT_MAX_BYTES = 5168;
/** X86_PV_VCPU_EXTENDED holds at most 128 bytes. */
export const VCPU_EXTENDED_MAX_BYTES = 128;

// --- save files ------------------------------------------------------------------------------------------------------

/** Pages of a guest in a save file: 2^26 x 4 KiB = 256 GiB. A reader marks each with two bytes, in chunks as they come. */
export const SAVED_PAGES_MAX = 2 ** 26;
/** Pages in one PAGE_DATA: libxc sends 1024 (MAX_BATCH_SIZE). With their words and header 4,202,504 bytes. */
export const SAVED_RECORD_PAGES_MAX = 1024;
/** X86_PV_P2M_FRAMES of 2^26 pages: one u64 for each 512 pages (1024 on a 32-bit guest), and 8 bytes. */
export const SAVED_P2M_FRAMES_MAX = SAVED_PAGES_MAX / 512;
/** A blob of a vCPU or a policy: XSAVE with AMX is 11 KiB, a CPUID policy of 300 leaves 7 KiB. */
export const SAVED_BLOB_MAX_BYTES = 64 * KIB;
/** The state of an HVM guest or of its device model. QEMU's is about 1 MiB. */
export const SAVED_DEVICE_STATE_MAX_BYTES = 16 * MIB;
/** The domain's configuration in front of xl's files, about 1 KiB in practice. */
export const SAVED_CONFIG_MAX_BYTES = MIB;
/** vCPUs that Xen gives one PV guest (MAX_VIRT_CPUS). */
export const SAVED_VCPUS_MAX = 8192;

// --- clocks ----------------------------------------------------------------------------------------------------------

/**
 * The longest length of time that anybody can write: 100 years of 365.25 days, 36525 x 86400 s = 3.2e18 ns. Twice that
 * is still inside a signed 64-bit count of nanoseconds (9.2e18).
 */
export const DURATION_MAX_NS = 36_525n * 86_400_000_000_000n;
/** A clock runs at most a thousand times too fast, in parts per 10^9. */
export const SKEW_RATE_MAX_PPB = 1_000n * 1_000_000_000n;
/** Shapes of one skew. A sum of periodic ones has a denominator of 16 periods of 62 bits: 1 kbit, and no more. */
export const SKEW_SHAPES_MAX = 16;

// --- control messages ------------------------------------------------------------------------------------------------

/** A control message: 1024 events of up to about 1 KiB each. */
export const CONTROL_MESSAGE_MAX_BYTES = MIB;
/** Containers in containers. The deepest message is request.command.event.spec.patches; 16 is twice that and more. */
export const MESSAGE_DEPTH_MAX = 16;
/** Items of all maps and arrays of one message together: 1024 events of up to 64 items. */
export const MESSAGE_ITEMS_MAX = 128 * KIB;
/** A free text: a console line, an error message. */
export const TEXT_MAX_CHARS = 4096;
/** An error's message on the wire: what, where, values, what to do; what is longer is cut. Below TEXT_MAX_CHARS. */
export const ERROR_TEXT_MAX_CHARS = 1000;
/** A name of a node, runner, migration, patch. */
export const NAME_MAX_CHARS = 64;
/** The text of a skew, or an URL. */
export const SHORT_TEXT_MAX_CHARS = 512;
/** Patches switched on at once, on one host or in one guest. */
export const PATCHES_MAX = 64;
/** Held variables in one probe event: five a vCPU. */
export const HELD_VARIABLES_MAX = 5 * VCPUS_MAX;
/** Problems named by one audit; a broken world may have millions, and ten are enough to see how. */
export const PROBLEMS_MAX = 64;
/** Domains of one host. */
export const DOMAINS_MAX = 64;
/** Checksum algorithms that a hello may offer. */
export const CHECKSUMS_MAX = 8;
/** Nodes that one coordinator serves. */
export const NODES_MAX = 256;
/** Runners at one coordinator. */
export const RUNNERS_MAX = 64;
/** Requests of one runner which are not answered yet. */
export const REQUESTS_OPEN_MAX = 4096;
/** Commands which a node holds for instants to come: a scenario's steps, several times over. */
export const AGENDA_MAX = 65_536;

// --- history ---------------------------------------------------------------------------------------------------------

/** Events in one message. */
export const EVENTS_PER_MESSAGE_MAX = 1024;
/** Events that a node keeps for a coordinator which is away: 64 messages. Older ones are dropped, and that is recorded. */
export const EVENTS_WAITING_MAX = 64 * EVENTS_PER_MESSAGE_MAX;
/** Events that the coordinator keeps for /v1/history: about 256 B each, so 32 MiB. */
export const HISTORY_KEPT_EVENTS = 128 * KIB;
/** A line of history.jsonl: the header holds a whole scenario. */
export const HISTORY_LINE_MAX_BYTES = MIB;
/** Watchers of /v1/watch at one coordinator. */
export const WATCHERS_MAX = 64;
/** What may wait for one watcher before it is dropped as too slow: 16 full messages. */
export const WATCHER_QUEUE_MAX_BYTES = 16 * CONTROL_MESSAGE_MAX_BYTES;
/** How long a node gathers events before it sends them, 20 ms: a watcher sees a run flow, and a tick costs no message. */
export const EVENTS_GATHER_NS = 20n * NS_PER_MS;

// --- time-outs -------------------------------------------------------------------------------------------------------

/** From dialling to welcome and ready: the channel's handshake, and 8 round trips of up to 1 s. */
export const HELLO_TIMEOUT_NS = 2n * HANDSHAKE_TIMEOUT_NS;
/** Round trips before a node or runner says that it is ready: the best of 8 over loopback is within about 20 us. */
export const CLOCK_PINGS_AT_START = 8;
/** One more round trip each second, so that drift (at most 500 ppm: 0.5 ms a second) stays below a tick. */
export const CLOCK_PING_PERIOD_NS = NS_PER_S;
/** First wait before a node dials again, doubled each time up to the longest: 0.1 s, 0.2 s, ... 5 s. */
export const REDIAL_FIRST_NS = 100n * NS_PER_MS;
export const REDIAL_LONGEST_NS = 5n * NS_PER_S;
/** A node's answer to an order of the coordinator, 10 s. Orders are executed when they arrive. */
export const ORDER_TIMEOUT_NS = 10n * NS_PER_S;
/** Both stream sockets of a migration are there, 10 s. */
export const STREAM_OPEN_TIMEOUT_NS = 10n * NS_PER_S;
/** Between two acknowledgements of a stream, 30 s: 8 batches of 4 MiB pass at 1.1 MiB/s. */
export const STREAM_PROGRESS_TIMEOUT_NS = 30n * NS_PER_S;
/** A stream that broke in pre-copy may come back for so long, 10 s: a few redials, and a switch that learns a new way. */
export const STREAM_RESUME_TIMEOUT_NS = 10n * NS_PER_S;
/** How often a source says how far it is: four times a second. */
export const PROGRESS_PERIOD_NS = 250n * NS_PER_MS;
/** Both digests after the last acknowledgement, 60 s: sha256 of 4 GiB at 100 MB/s takes 40 s. */
export const DIGEST_TIMEOUT_NS = 60n * NS_PER_S;
/**
 * A node asks again for the end of its open migrations, 5 s: twice within ORDER_TIMEOUT_NS, and 40 bytes each time.
 */
export const STILL_OPEN_PERIOD_NS = 5n * NS_PER_S;
/**
 * Who has voted and asked in vain for so long is in doubt, 90 s: a coordinator that is there has aborted by then, at the
 * latest after DIGEST_TIMEOUT_NS and its orders' ORDER_TIMEOUT_NS, and the rest is for its disk.
 */
export const IN_DOUBT_AFTER_NS = 90n * NS_PER_S;
/**
 * How far ahead of now the earliest run instant of a commit lies, so that the order can arrive before it: 1 ms, several
 * times what a message takes on one machine or in one rack. An order that arrives later makes the guest run at once.
 */
export const COMMIT_LEAD_NS = NS_PER_MS;
/** How far ahead an instant may be ordered: 100 years, as the longest duration of a scenario. */
export const SCHEDULE_AHEAD_MAX_NS = 36_525n * 86_400n * NS_PER_S;
/** Migrations whose end a node or the coordinator remembers, so that an order which comes twice is answered alike. */
export const MIGRATIONS_REMEMBERED = 1024;
