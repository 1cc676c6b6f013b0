/**
 * Redeem an invitation: the key of the account that is to be registered signs.
 *
 * Source: docs/protocol.md §6.3.
 */

import { taggedHash, toHex, utf8 } from "../protocol/encoding.ts";
import type { SigningKey } from "../protocol/keys.ts";
import type { Gateway } from "./gateway.ts";
import type { Of } from "./shape.ts";
import { redemption } from "./views.ts";

/** What the key of an account signs to redeem a code for it. */
export function redemptionDigest(code: string, account: Uint8Array): Uint8Array {
  return taggedHash("invitation", taggedHash("invitation-code", utf8(code)), account);
}

/** Register a key; single-use. Refusal says what is wrong with the code. */
export async function redeem(
  gateway: Gateway,
  code: string,
  key: SigningKey,
): Promise<Of<typeof redemption>> {
  const body = {
    code,
    account: toHex(key.address),
    signature: toHex(key.sign(redemptionDigest(code, key.address))),
  };
  return await gateway.post("/invitations/redemption", body, redemption);
}
