/**
 * The CRC-32 of authkeys method `crc`: polynomial 0x04C11DB7, most significant bit first, initial value 0, no length
 * appended, final complement. It detects accidents; it authenticates nothing.
 */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  return crc >>> 0;
});

export function crc32(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) ^ TABLE[((crc >>> 24) ^ byte) & 255]!) >>> 0;
  return ~crc >>> 0;
}
