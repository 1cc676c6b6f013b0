/**
 * Electorates by invitation: who was invited, and which key each used invitation is bound to.
 *
 * The maker of the invitations can use those that were never delivered. No signature reveals that;
 * an audit states it as an assumption.
 *
 * Source: docs/protocol.md §6.7. Vectors: tests/vectors/redemptions.json.
 */

import { Census, type CensusEntry } from "./census.ts";
import { WEIGHT_BYTES } from "./census_tree.ts";
import {
  ADDRESS_BYTES,
  Reader,
  sameBytes,
  SIGNATURE_BYTES,
  taggedHash,
  toHex,
  word,
} from "./encoding.ts";
import { Malformed, Rejected } from "./errors.ts";
import type { RoundReference } from "./parameters.ts";
import { type Domain, recover, REDEMPTION } from "./typed_data.ts";

const INVITATION_BYTES = ADDRESS_BYTES + WEIGHT_BYTES;
const RECORD_BYTES = 2 * SIGNATURE_BYTES;

/** Electorate in the redemptions of a round: the round and its invitations, 32 bytes. */
export function roundElectorate(
  chainId: bigint,
  { treasury, roundId }: RoundReference,
  root: Uint8Array,
): Uint8Array {
  return taggedHash("electorate", word(chainId), word(treasury), word(roundId), root);
}

/**
 * Electorate in the redemptions of a poll without a round, 32 bytes.
 *
 * @param nonce 32 random bytes that the poll's description names.
 */
export function pollElectorate(
  chainId: bigint,
  registry: Uint8Array,
  nonce: Uint8Array,
  root: Uint8Array,
): Uint8Array {
  return taggedHash("electorate", word(chainId), word(registry), nonce, root);
}

/** Both keys' signatures of `Redemption(electorate, invitation, signingKey)`, 65 bytes each. */
export interface Redemption {
  readonly byInvitation: Uint8Array;
  readonly bySigningKey: Uint8Array;
}

/** Section 12 of a board: invitations, and signatures that bind each census entry to its key. */
export interface Redemptions {
  /** Every invitation, redeemed or not. */
  readonly invited: Census;
  /** One for each entry of the poll's census, in its order. */
  readonly records: readonly Redemption[];
}

/**
 * Decode section 12 of a poll with `voters` voters.
 *
 * @throws Malformed: bytes are missing or left over.
 * @throws Rejected: the invitations are out of order or range (check C1).
 */
export function decodeRedemptions(data: Uint8Array, voters: number): Redemptions {
  const reader = new Reader(data, "redemptions");
  const count = reader.small(4, "count");
  if (data.length !== 4 + count * INVITATION_BYTES + voters * RECORD_BYTES) {
    throw new Malformed(
      "redemptions",
      `${data.length} bytes do not hold ${count} invitations and ${voters} redemptions`,
    );
  }
  const invited = new Census(
    Array.from({ length: count }, (): CensusEntry => {
      const account = reader.take(ADDRESS_BYTES, "invitation");
      const weight = reader.unsigned(WEIGHT_BYTES, "weight");
      return { account, signingKey: account, weight };
    }),
  );
  const records = Array.from({ length: voters }, () => ({
    byInvitation: reader.take(SIGNATURE_BYTES, "by_invitation"),
    bySigningKey: reader.take(SIGNATURE_BYTES, "by_signing_key"),
  }));
  return { invited, records };
}

/**
 * Check that every voter is invited with their weight and holds the key bound to the invitation.
 *
 * @param root Census root of the invitations, as the round or the poll's description fixes it.
 * @param electorate The result of `roundElectorate` or `pollElectorate`.
 * @param domain Of the treasury for a round, of the registry otherwise.
 * @throws Rejected: one is or does not; the item names the voter (check C4).
 */
export function checkRedemptions(
  { invited, records }: Redemptions,
  census: Census,
  root: Uint8Array,
  electorate: Uint8Array,
  domain: Domain,
): void {
  if (!sameBytes(invited.root, root)) {
    throw new Rejected("C4", "invitations", "they have a different root than the one fixed before");
  }
  if (records.length !== census.entries.length) {
    throw new Rejected("C4", "redemptions", "not one for each voter");
  }
  const keys = new Set<string>();
  census.entries.forEach(({ account, signingKey, weight }, place) => {
    const item = `voter ${toHex(account)}`;
    if (invited.find(account)?.weight !== weight) {
      throw new Rejected("C4", item, "not an invitation, or of another weight");
    }
    if (keys.has(toHex(signingKey))) {
      throw new Rejected("C4", item, "its key redeemed another invitation as well");
    }
    keys.add(toHex(signingKey));
    checkRedemption(records[place]!, account, signingKey, electorate, domain);
  });
}

/** Rejected (check C4) unless both keys signed that the invitation is bound to the signing key. */
function checkRedemption(
  { byInvitation, bySigningKey }: Redemption,
  invitation: Uint8Array,
  signingKey: Uint8Array,
  electorate: Uint8Array,
  domain: Domain,
): void {
  const digest = domain.digest(REDEMPTION, electorate, invitation, signingKey);
  const item = `voter ${toHex(invitation)}`;
  for (const [name, address, signature] of [
    ["invitation", invitation, byInvitation],
    ["signing key", signingKey, bySigningKey],
  ] as const) {
    let signer: Uint8Array;
    try {
      signer = recover(digest, signature);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      throw new Rejected("C4", item, `${name}: ${error.message}`);
    }
    if (!sameBytes(signer, address)) {
      throw new Rejected("C4", item, `its ${name} did not sign the redemption`);
    }
  }
}
