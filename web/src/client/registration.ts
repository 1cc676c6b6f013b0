/**
 * Redeem an invitation: its key and the voter's own key sign that they are bound to each other.
 *
 * The gateway signs its answer. This device stores the statement: it proves that the invitation was
 * redeemed with this key if the list of voters differs.
 *
 * Source: docs/protocol.md §6.7, §15.
 */

import { HASH_BYTES, sameBytes, toHex } from "../protocol/encoding.ts";
import { AuditError, Malformed, Rejected } from "../protocol/errors.ts";
import type { Signer, SigningKey } from "../protocol/keys.ts";
import type { RoundReference } from "../protocol/parameters.ts";
import { pollElectorate, roundElectorate } from "../protocol/redemption.ts";
import { Domain, REDEMPTION, signedBy } from "../protocol/typed_data.ts";
import type { Gateway } from "./gateway.ts";
import { bytes, decimal, list, type Of, record, text } from "./shape.ts";
import {
  type Config,
  type Invited,
  type InvitedElectorate,
  invitedElectorate,
  invitedTo,
  redemption,
} from "./views.ts";
import type { Store } from "./votes.ts";

/** The statement that the gateway signs once it has bound an invitation to a key. */
export const REDEEMED = "Redeemed(bytes32 electorate,address invitation,address signingKey)";

const SHELF = "ostraka/registrations";

/** An invitation that is bound to a key, confirmed by the gateway. */
const registration = record({
  title: text,
  plan: text,
  invitation: bytes,
  signingKey: bytes,
  weight: decimal,
  electorate: invitedElectorate,
  gateway: bytes,
  statement: bytes,
});
export type Registration = Of<typeof registration>;

/** Plans in which an invitation may be redeemed, newest first; none for an unknown invitation. */
export async function placesOf(
  gateway: Gateway,
  { address }: SigningKey,
): Promise<readonly Invited[]> {
  return await gateway.get(`/invitations/${toHex(address)}`, list(invitedTo));
}

/**
 * Bind an invitation to a key; repeating it is harmless.
 *
 * @param place One of `placesOf`.
 * @param replacement Key of the code that replaced the invitation's own.
 * @throws Malformed: the gateway requests a signature for contracts other than its own; nothing is
 *   signed.
 * @throws Rejected: its statement is not signed correctly.
 * @throws Refusal: the invitation or the key was used before, or registration has ended.
 */
export async function redeem(
  gateway: Gateway,
  config: Config,
  place: Invited,
  invitation: SigningKey,
  signer: Signer,
  replacement?: SigningKey,
): Promise<Registration> {
  const { plan, title, electorate } = place;
  const { domain, digest } = electorateOf(electorate, config);
  const named = [digest, invitation.address, signer.address] as const;
  // The voter's own key first: if a wallet declines, nothing is signed.
  const bySigningKey = await signer.signStatement(domain, REDEMPTION, ...named);
  const byInvitation = await invitation.signStatement(domain, REDEMPTION, ...named);
  const byCode =
    replacement &&
    (await replacement.signStatement(
      domain,
      REDEMPTION,
      digest,
      replacement.address,
      signer.address,
    ));
  const answer = await gateway.post(
    "/invitations/redemption",
    {
      plan,
      invitation: toHex(invitation.address),
      signing_key: toHex(signer.address),
      by_invitation: toHex(byInvitation),
      by_signing_key: toHex(bySigningKey),
      ...(byCode && { by_code: toHex(byCode) }),
    },
    redemption,
  );
  const { statement, weight } = answer;
  const same =
    answer.plan === plan &&
    sameBytes(answer.invitation, invitation.address) &&
    sameBytes(answer.signingKey, signer.address);
  if (!same || !signedBy(config.account, domain.digest(REDEEMED, ...named), statement)) {
    const reason = "the gateway did not sign that it bound this invitation to this key";
    throw new Rejected("C4", "redemption", reason);
  }
  return {
    title,
    plan,
    invitation: invitation.address,
    signingKey: signer.address,
    weight,
    electorate,
    gateway: config.account,
    statement,
  };
}

/** Domain of an electorate's redemptions, and the electorate's digest in them, 32 bytes. */
function electorateOf(
  { chainId, contract, round, nonce, root }: InvitedElectorate,
  config: Config,
): { domain: Domain; digest: Uint8Array } {
  const hashes = nonce ? [root, nonce] : [root];
  if (hashes.some(({ length }) => length !== HASH_BYTES)) {
    throw new Malformed("electorate", "root and nonce have 32 bytes");
  }
  // A statement for another contract could be used there.
  const own = round === undefined ? config.registry : config.treasury;
  if (chainId !== config.chainId || !sameBytes(contract, own)) {
    throw new Malformed("electorate", "of another chain or contract");
  }
  const chain = BigInt(chainId);
  const domain = new Domain(chain, contract);
  if (round !== undefined && !nonce) {
    const digest = roundElectorate(chain, { treasury: contract, roundId: round }, root);
    return { domain, digest };
  }
  if (round === undefined && nonce) {
    return { domain, digest: pollElectorate(chain, contract, nonce, root) };
  }
  throw new Malformed("electorate", "neither of a round nor of a poll");
}

/** A registration as a file: JSON. */
export function registrationJson(one: Registration): string {
  return JSON.stringify(toJson(one), undefined, 1);
}

function toJson(one: Registration): Readonly<Record<string, unknown>> {
  const { electorate } = one;
  return {
    title: one.title,
    plan: one.plan,
    invitation: toHex(one.invitation),
    signing_key: toHex(one.signingKey),
    weight: one.weight.toString(),
    electorate: {
      chain_id: electorate.chainId,
      contract: toHex(electorate.contract),
      round: electorate.round?.toString() ?? null,
      nonce: electorate.nonce ? toHex(electorate.nonce) : null,
      root: toHex(electorate.root),
    },
    gateway: toHex(one.gateway),
    statement: toHex(one.statement),
  };
}

/** Store a registration and replace one of the same invitation in the same plan. */
export function keepRegistration(store: Store, one: Registration): void {
  const others = kept(store).filter(({ plan, invitation }) => {
    return plan !== one.plan || !sameBytes(invitation, one.invitation);
  });
  store.setItem(SHELF, JSON.stringify([...others, one].map(toJson)));
}

/** The invitations that a poll's description fixes. */
export interface InvitedVoters {
  readonly root: Uint8Array;
  /** Nonce of a poll without a round. */
  readonly nonce: Uint8Array | undefined;
  /** The round of the poll, if it has one. */
  readonly round: RoundReference | undefined;
}

/** Registrations on this device for a poll's invitations. */
export function registrationsFor(store: Store, voters: InvitedVoters): Registration[] {
  return kept(store).filter(({ electorate: { root, nonce, round, contract } }) => {
    if (!sameBytes(root, voters.root)) return false;
    if (nonce) return voters.nonce !== undefined && sameBytes(nonce, voters.nonce);
    const { round: of } = voters;
    return of !== undefined && of.roundId === round && sameBytes(of.treasury, contract);
  });
}

/** All stored registrations; none where the stored text is unreadable. */
function kept(store: Store): readonly Registration[] {
  try {
    return list(registration)(JSON.parse(store.getItem(SHELF) ?? "[]"), "registrations");
  } catch (error) {
    if (error instanceof AuditError || error instanceof SyntaxError) return [];
    throw error;
  }
}
