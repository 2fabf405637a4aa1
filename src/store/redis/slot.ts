/**
 * The slot of a key in a Redis Cluster: CRC16 (XMODEM) of it, or of its hash tag.
 * Source: "Redis cluster specification", redis.io, section "Key distribution model".
 *
 * Not by the package that ioredis uses: of a key like `a{}b}` that takes `b` for the tag, where Redis sees none.
 */
const SLOT_MASK = 16_383;
const OPEN = 0x7b;
const CLOSE = 0x7d;

const POLYNOMIAL = 0x1021;
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 8;
  for (let bit = 0; bit < 8; bit++) {
    remainder = (remainder << 1) ^ (remainder & 0x8000 ? POLYNOMIAL : 0);
  }
  return remainder;
});

export function slotOf(name: Uint8Array): number {
  let crc = 0;
  for (const byte of hashed(name)) crc = ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ byte] ?? 0);
  return crc & SLOT_MASK;
}

/** What is between the first brace and the one that closes it, unless that is nothing: then the whole key. */
function hashed(name: Uint8Array): Uint8Array {
  const open = name.indexOf(OPEN);
  const close = open < 0 ? -1 : name.indexOf(CLOSE, open);
  return close > open + 1 ? name.subarray(open + 1, close) : name;
}
