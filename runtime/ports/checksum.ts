/** A checksum over a batch of the stream. The names are those of the hello message; values are unsigned 64 bits. */
export type ChecksumName = 'xxh64' | 'crc32';

export interface Checksum {
  readonly name: ChecksumName;
  of(bytes: Uint8Array): bigint;
}
