/** Deterministic randomness, so that a failure comes back. */
import { keccak256, stringToHex } from "viem";

export function seeded(seed) {
  let state = keccak256(stringToHex(seed));
  /** Uniform enough in `0 … bound − 1` for tests; a bigint. */
  const below = (bound) => {
    state = keccak256(state);
    return BigInt(state) % BigInt(bound);
  };
  return { below, number: (bound) => Number(below(bound)) };
}
