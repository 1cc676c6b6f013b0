/**
 * Receipts: the statement that a node signs for a ballot that it stores.
 *
 * Source: docs/protocol.md §9.2.
 */

import type { Ballot } from "./ballot.ts";
import { Malformed } from "./errors.ts";
import type { Committee } from "./parameters.ts";
import { type Domain, RECEIPT, signedBy, type Value } from "./typed_data.ts";

/** The parts of a ballot that a receipt names. */
export type Receipted = Pick<Ballot, "voter" | "castAtUnixS" | "digest">;

/** The statement that a node signs, for `Domain.digest`. */
export function receiptStatement(
  pollContext: Uint8Array,
  { voter, castAtUnixS, digest }: Receipted,
): [type: string, ...values: Value[]] {
  return [RECEIPT, pollContext, voter, castAtUnixS, digest];
}

/**
 * Verify that a receipt is node `node`'s for this ballot: over the ballot that the voter sent, not
 * over one that the node names.
 *
 * @param node Committee index, from 1.
 * @throws Malformed: it is not.
 */
export function verifyReceipt(
  domain: Domain,
  pollContext: Uint8Array,
  committee: Committee,
  node: number,
  ballot: Receipted,
  signature: Uint8Array,
): void {
  const member = committee.members[node - 1];
  if (!member) throw new RangeError(`there is no node ${node}`);
  const digest = domain.digest(...receiptStatement(pollContext, ballot));
  if (!signedBy(member.address, digest, signature)) {
    throw new Malformed("receipt", "not of this node for this ballot");
  }
}
