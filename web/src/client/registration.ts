/**
 * Redeem an invitation: its key and the key that will vote both sign.
 *
 * An invitation is a key pair: its address is public from the start, its secret is the code that its
 * invitee gets. No gateway ever sees the code.
 *
 * Source: docs/protocol.md §6.7, §15.
 */

import { fromHex, sameBytes, toHex } from "../protocol/encoding.ts";
import { Malformed } from "../protocol/errors.ts";
import { type Signer, SigningKey } from "../protocol/keys.ts";
import { pollElectorate, roundElectorate } from "../protocol/redemption.ts";
import { Domain, REDEMPTION } from "../protocol/typed_data.ts";
import { type Gateway, Refusal } from "./gateway.ts";
import type { Of } from "./shape.ts";
import { type Config, invited, type InvitedElectorate, redemption } from "./views.ts";

/** Key of an invitation's code; Malformed says what a code looks like, never the code. */
export function invitationOf(code: string): SigningKey {
  try {
    if (/^[0-9a-f]{64}$/.test(code)) return new SigningKey(fromHex(`0x${code}`, "code"));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new Malformed("code: not 64 hexadecimal digits in lower case");
}

/**
 * Bind an invitation to a key, which votes from then on; once and for all.
 *
 * @throws Malformed: the code is none, or the gateway names an electorate of other contracts.
 * @throws Refusal: the invitation is unknown (404) or used, or registration is over (409).
 */
export async function redeem(
  gateway: Gateway,
  config: Config,
  code: string,
  signer: Signer,
): Promise<Of<typeof redemption>> {
  const invitation = invitationOf(code);
  const found = await gateway.get(`/invitations/${toHex(invitation.address)}`, invited);
  const [newest] = [...found.filter(({ open }) => open), ...found];
  if (!newest) throw new Refusal(404, "Unknown invitation", "no poll here knows it", "");
  const { plan, electorate } = newest;
  const domain = domainOf(electorate, config);
  const values = [electorateOf(electorate), invitation.address, signer.address] as const;
  // The key that may ask its owner first.
  const bySigningKey = await signer.signStatement(domain, REDEMPTION, ...values);
  const byInvitation = invitation.sign(domain.digest(REDEMPTION, ...values));
  const body = {
    plan,
    invitation: toHex(invitation.address),
    signing_key: toHex(signer.address),
    by_invitation: toHex(byInvitation),
    by_signing_key: toHex(bySigningKey),
  };
  return await gateway.post("/invitations/redemption", body, redemption);
}

/** Where the signatures count: a statement of anything else could be used elsewhere. */
function domainOf({ chainId, contract, round }: InvitedElectorate, config: Config): Domain {
  const expected = round === undefined ? config.registry : config.treasury;
  if (chainId !== config.chainId || !sameBytes(contract, expected)) {
    throw new Malformed("electorate: of another chain or contract");
  }
  return new Domain(BigInt(chainId), contract);
}

function electorateOf({ chainId, contract, round, nonce, root }: InvitedElectorate): Uint8Array {
  const chain = BigInt(chainId);
  if (round !== undefined && !nonce) {
    return roundElectorate(chain, { treasury: contract, roundId: round }, root);
  }
  if (round === undefined && nonce) return pollElectorate(chain, contract, nonce, root);
  throw new Malformed("electorate: neither of a round nor of a poll");
}
