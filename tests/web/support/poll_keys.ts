/** Poll keys of nodes, for tests. */

import { ml_kem768_x25519 as xWing } from "@noble/post-quantum/hybrid.js";

/** Public key, 1,216 bytes, of X-Wing's 32 secret bytes. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  return xWing.keygen(seed).publicKey;
}
