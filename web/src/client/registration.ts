/**
 * Redeem an invitation: the account that is to be registered signs.
 *
 * Source: docs/protocol.md §6.3, §15.
 */

import { taggedHash, toHex, utf8 } from "../protocol/encoding.ts";
import type { Signer } from "../protocol/keys.ts";
import { Domain, REGISTRATION } from "../protocol/typed_data.ts";
import type { Gateway } from "./gateway.ts";
import type { Of } from "./shape.ts";
import { type Config, redemption } from "./views.ts";

/** Register an account; single-use. Refusal says what is wrong with the code. */
export async function redeem(
  gateway: Gateway,
  { chainId, registry }: Config,
  code: string,
  signer: Signer,
): Promise<Of<typeof redemption>> {
  const domain = new Domain(BigInt(chainId), registry);
  const invitation = taggedHash("invitation-code", utf8(code));
  const { address } = signer;
  const signature = await signer.signStatement(domain, REGISTRATION, invitation, address);
  const body = { code, account: toHex(address), signature: toHex(signature) };
  return await gateway.post("/invitations/redemption", body, redemption);
}
