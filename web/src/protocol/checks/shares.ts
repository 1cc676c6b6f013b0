/**
 * Checks S1 and S2: the aggregate shares.
 *
 * Source: docs/protocol.md §13.
 */

import { Rejected, Undecided } from "../errors.ts";
import { rootDigest } from "../merkle_sum.ts";
import type { Share } from "../sharing.ts";
import { aggregateShareHash, combine } from "../tally_proof.ts";
import { AGGREGATE_SHARE } from "../typed_data.ts";
import { counted } from "../wording.ts";
import type { Audit } from "./audit.ts";

/** S1: every aggregate share on the board is signed and good. */
export function checkS1(audit: Audit): string {
  if (!audit.sections.shares) throw new Undecided("the board has no aggregate share");
  audit.requireAnchored();
  const { shares, sums, key, chain } = audit;
  for (const { node, share, signature } of shares) {
    const digest = audit.domain.digest(
      AGGREGATE_SHARE,
      chain.pollContext,
      rootDigest(audit.anchored.root),
      BigInt(node),
      aggregateShareHash(share),
    );
    const address = audit.member("S1", node);
    audit.requireSigner("S1", `aggregate share of node ${node}`, address, signature, digest);
    sums.verifyShare(key, node, share);
  }
  return `nodes ${shares.map(({ node }) => node).join(", ")}`;
}

/** S2: at least `t` good shares give the tally on chain. */
export function checkS2(audit: Audit): string {
  const { tally, shares, sums, key } = audit;
  if (!shares.length) {
    throw new Rejected("S2", "board.shares", "none, though the chain has a tally");
  }
  const good = new Map<number, Share>();
  for (const { node, share } of shares) {
    try {
      sums.verifyShare(key, node, share);
    } catch (error) {
      if (error instanceof Rejected) continue;
      throw error;
    }
    good.set(node, share);
  }
  const { threshold } = audit.committee;
  const combined = combine(good, threshold);
  if (
    combined.blinding !== tally.blinding ||
    combined.values.length !== tally.values.length ||
    combined.values.some((votes, slot) => votes !== tally.values[slot])
  ) {
    throw new Rejected("S2", "tally", "the aggregate shares give a different one");
  }
  return `${counted(good.size, "good share", "good shares")}, ${threshold} needed`;
}
