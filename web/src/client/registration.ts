/**
 * Redeem an invitation: its key and the voter's own key sign that the one is bound to the other.
 *
 * What the gateway answers is signed by it. That statement is kept on this device: it shows that the
 * invitation was redeemed with this key, should the list of voters say something else.
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

/** What the gateway signs once it has bound an invitation to a key. */
export const REDEEMED = "Redeemed(bytes32 electorate,address invitation,address signingKey)";

const SHELF = "ostraka/registrations";

/** That an invitation is bound to a key, confirmed by the gateway. */
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

/** Where an invitation may be redeemed, the newest first; nothing where nobody knows it. */
export async function placesOf(
  gateway: Gateway,
  { address }: SigningKey,
): Promise<readonly Invited[]> {
  return await gateway.get(`/invitations/${toHex(address)}`, list(invitedTo));
}

/**
 * Bind an invitation to a key; saying the same again does no harm.
 *
 * @param place One of `placesOf`.
 * @throws Malformed: the gateway asks to sign for other contracts than its own. Nothing is signed.
 * @throws Rejected: it did not sign what it registered.
 * @throws Refusal: the invitation or the key was used before, or registration is over.
 */
export async function redeem(
  gateway: Gateway,
  config: Config,
  place: Invited,
  invitation: SigningKey,
  signer: Signer,
): Promise<Registration> {
  const { plan, title, electorate } = place;
  const { domain, digest } = electorateOf(electorate, config);
  const named = [digest, invitation.address, signer.address] as const;
  // The voter's own key first: a wallet may decline, and then nothing is signed at all.
  const bySigningKey = await signer.signStatement(domain, REDEMPTION, ...named);
  const byInvitation = await invitation.signStatement(domain, REDEMPTION, ...named);
  const answer = await gateway.post(
    "/invitations/redemption",
    {
      plan,
      invitation: toHex(invitation.address),
      signing_key: toHex(signer.address),
      by_invitation: toHex(byInvitation),
      by_signing_key: toHex(bySigningKey),
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

/** Where redemptions of an electorate count, and the 32 bytes that stand for it in them. */
function electorateOf(
  { chainId, contract, round, nonce, root }: InvitedElectorate,
  config: Config,
): { domain: Domain; digest: Uint8Array } {
  const hashes = nonce ? [root, nonce] : [root];
  if (hashes.some(({ length }) => length !== HASH_BYTES)) {
    throw new Malformed("electorate", "root and nonce have 32 bytes");
  }
  // A statement for anything else could be used elsewhere.
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

/** Keep a registration on this device, in place of one of the same invitation in the same plan. */
export function keepRegistration(store: Store, one: Registration): void {
  const others = kept(store).filter(({ plan, invitation }) => {
    return plan !== one.plan || !sameBytes(invitation, one.invitation);
  });
  store.setItem(SHELF, JSON.stringify([...others, one].map(toJson)));
}

/** What a poll's description fixes of its invitations. */
export interface InvitedVoters {
  readonly root: Uint8Array;
  /** Of a poll without a round. */
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

/** All of them; none where what is kept cannot be read. */
function kept(store: Store): readonly Registration[] {
  try {
    return list(registration)(JSON.parse(store.getItem(SHELF) ?? "[]"), "registrations");
  } catch (error) {
    if (error instanceof AuditError || error instanceof SyntaxError) return [];
    throw error;
  }
}
