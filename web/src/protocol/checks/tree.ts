/**
 * Checks T1 to T4: the root of the ballots.
 *
 * Source: docs/protocol.md §13.
 */

import { sameBytes, toHex } from "../encoding.ts";
import { Rejected, Undecided } from "../errors.ts";
import { type SumRoot, SumTree } from "../merkle_sum.ts";
import { ROOT } from "../typed_data.ts";
import { counted } from "../wording.ts";
import { later } from "../units.ts";
import { type Audit, sameRoot } from "./audit.ts";

/** T1: the sum tree over the leaves gives root hash, sum and count. */
export function checkT1(audit: Audit): string {
  const claimed = audit.anchored.root;
  const { ballots, weights } = audit;
  const leaves = ballots.map(({ voter, castAtUnixS, digest }, number) => {
    return { voter, weight: weights[number]!, castAtUnixS, digest };
  });
  const values = ballots.map(({ sharing }) => sharing[0]!);
  let computed: SumRoot;
  try {
    computed = new SumTree(leaves, values).root;
  } catch (error) {
    if (error instanceof Rejected) throw new Undecided("needs B2");
    throw error;
  }
  const differs = (name: string) => {
    return new Rejected("T1", `root.${name}`, "not that of the ballots on the board");
  };
  if (computed.count !== claimed.count) throw differs("count");
  if (!sameBytes(computed.sum, claimed.sum)) throw differs("sum");
  if (!sameBytes(computed.hash, claimed.hash)) throw differs("hash");
  return `root ${toHex(computed.hash)} over ${counted(computed.count, "ballot", "ballots")}`;
}

/** T2: that root is the one anchored on chain. */
export function checkT2(audit: Audit): string {
  const { anchored, chain } = audit;
  if (
    !chain.anchored ||
    !sameRoot(anchored.root, chain.root) ||
    !sameRoot(anchored.root, chain.anchored.root)
  ) {
    throw new Rejected("T2", "board.root", "not the root anchored on chain");
  }
  if (anchored.round !== chain.anchored.round) {
    throw new Rejected("T2", "board.root", "anchored in another round");
  }
  return `anchored in round ${anchored.round}`;
}

/** T3: at least `q` nodes of the committee signed the root. */
export function checkT3(audit: Audit): string {
  const { round, root, attestations } = audit.anchored;
  const digest = audit.domain.digest(
    ROOT,
    audit.chain.pollContext,
    BigInt(round),
    root.hash,
    root.sum.subarray(0, 32),
    root.sum.subarray(32),
    BigInt(root.count),
  );
  return audit.requireQuorum("T3", "board.root", attestations, digest);
}

/** T4: the root was anchored in time, over enough ballots. */
export function checkT4(audit: Audit): string {
  const { round, root } = audit.requireAnchored();
  const { parameters, chain } = audit;
  const { anchoredAt: at, rejectedRounds, rejectedAt } = chain;
  const freezesAt = later(parameters.closesAt, parameters.freezeDelay);
  const startsAt = rejectedRounds ? rejectedAt : freezesAt;
  const left = BigInt(parameters.maxRounds - rejectedRounds);
  const deadline = later(startsAt, left * BigInt(parameters.roundDuration));
  if (at < freezesAt) {
    throw new Rejected("T4", "root", `anchored at ${at}, before ${freezesAt}`);
  }
  if (at < startsAt || at >= deadline) {
    throw new Rejected("T4", "root", `anchored at ${at}, not from ${startsAt} to ${deadline}`);
  }
  if (round < rejectedRounds || round >= parameters.maxRounds) {
    const reason = `round ${round}, not from ${rejectedRounds} to ${parameters.maxRounds - 1}`;
    throw new Rejected("T4", "root.round", reason);
  }
  if (chain.tally && root.count < parameters.minimumBallots) {
    const tallied = counted(root.count, "ballot was tallied", "ballots were tallied");
    const reason = `${tallied}; at least ${parameters.minimumBallots} required`;
    throw new Rejected("T4", "root.count", reason);
  }
  return `anchored at ${at}, in round ${round}`;
}
