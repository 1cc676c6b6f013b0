/**
 * Addresses as people write them; capitals hold a checksum.
 *
 * Source: EIP-55.
 */

import { fromHex, keccak256, toHex, utf8 } from "../protocol/encoding.ts";

/** An address with its checksum. */
export function checksummed(address: Uint8Array): string {
  const digits = toHex(address).slice(2);
  const hash = toHex(keccak256(utf8(digits))).slice(2);
  return `0x${Array.from(digits, (digit, place) => {
    return Number.parseInt(hash[place]!, 16) >= 8 ? digit.toUpperCase() : digit;
  }).join("")}`;
}

/** Why an address is invalid. */
export type AddressProblem = "form" | "checksum" | "zero";

/** The address, or why it is invalid; without capitals there is no checksum to check. */
export function readAddress(written: string): Uint8Array | AddressProblem {
  const text = written.trim();
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) return "form";
  const address = fromHex(text.toLowerCase(), "address");
  if (address.every((byte) => byte === 0)) return "zero";
  const digits = text.slice(2);
  const plain = digits === digits.toLowerCase() || digits === digits.toUpperCase();
  return plain || checksummed(address) === text ? address : "checksum";
}
