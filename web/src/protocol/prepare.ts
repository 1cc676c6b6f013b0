/**
 * Prepare a ballot: share the vote, prove it, seal the shares; then a wallet or key signs.
 *
 * Source: docs/protocol.md §7, §8. Vectors: tests/vectors/ballot.json.
 */

import { type Ballot, BallotLayout } from "./ballot.ts";
import { CommitmentKey, type Opening } from "./commitment.ts";
import { encodePoints, modulo } from "./curve.ts";
import { Kernel } from "./kernel.ts";
import { checkPollKeys } from "./poll_key.ts";
import { challenge, ProofShape } from "./proof.ts";
import { type Randomness, systemRandomness } from "./randomness.ts";
import { type BallotRule, evaluate } from "./rule.ts";
import { ballotInfo, seal } from "./sealing.ts";
import { boxesHash, encodeBox, type Share, shareAt } from "./sharing.ts";
import { BALLOT, type Value } from "./typed_data.ts";
import type { UnixSeconds } from "./units.ts";

/** The opening of a ballot's commitment to the vote: revealed only in a challenge. */
export interface BallotOpening {
  /** The vote in the rule's bits. */
  readonly bits: readonly bigint[];
  /** `ρ(0)`. */
  readonly blinding: bigint;
}

/** A proven ballot and the nodes' shares of it, not yet sealed. */
export interface ProvenBallot {
  /** The public part. */
  readonly ballot: Ballot;
  /** For node 1, 2, … in order. */
  readonly shares: readonly Share[];
  readonly opening: BallotOpening;
}

/**
 * A proven ballot whose shares are sealed to the nodes, ready to be cast or challenged.
 *
 * Plain data; the opening never leaves the device unless the voter challenges.
 */
export interface SealedBallot {
  /** Canonical ballot. */
  readonly encoded: Uint8Array;
  readonly voter: Uint8Array;
  readonly castAtUnixS: UnixSeconds;
  readonly digest: Uint8Array;
  /** For node 1, 2, … in order. */
  readonly boxes: readonly Uint8Array[];
  readonly boxesHash: Uint8Array;
  readonly opening: BallotOpening;
}

/** Prepares ballots of one poll; computes tables and kernel once, while the voter still chooses. */
export class BallotFactory {
  readonly layout: BallotLayout;
  readonly key: CommitmentKey;
  readonly #rule: BallotRule;
  readonly #threshold: number;
  readonly #context: Uint8Array;
  readonly #pollKeys: readonly Uint8Array[];
  readonly #shape: ProofShape;
  readonly #kernel: Kernel;
  readonly #randomness: Randomness;

  /**
   * @param threshold Secrecy threshold `t`.
   * @param context `pollContext`, 32 bytes.
   * @param pollKeys The nodes' poll keys, node 1 first, as pinned on chain.
   * @throws Malformed: a poll key is refused, or two nodes' keys share a half.
   */
  constructor(
    rule: BallotRule,
    threshold: number,
    context: Uint8Array,
    pollKeys: readonly Uint8Array[],
    randomness: Randomness = systemRandomness,
  ) {
    checkPollKeys(pollKeys);
    this.#rule = rule;
    this.#threshold = threshold;
    this.#context = context;
    this.#pollKeys = pollKeys;
    this.#randomness = randomness;
    this.#shape = new ProofShape(rule, threshold);
    this.#kernel = new Kernel(rule);
    this.layout = new BallotLayout(this.#shape);
    this.key = new CommitmentKey(rule.width);
  }

  /**
   * Share and prove a vote.
   *
   * @param voter 20-byte account.
   * @param bits The vote in the rule's bits, slack included.
   * @param castAtUnixS Timestamp of the latest block that the voter saw.
   * @throws RangeError: the bits break the rule; the message says how.
   */
  share(voter: Uint8Array, bits: readonly bigint[], castAtUnixS: UnixSeconds): ProvenBallot {
    const problem = this.#rule.violated(bits);
    if (problem) throw new RangeError(`not a ballot of this poll: ${problem}`);
    return this.prove(voter, bits, castAtUnixS);
  }

  /** As `share`, for any integers: bits that break the rule get a proof that fails. */
  prove(voter: Uint8Array, bits: readonly bigint[], castAtUnixS: UnixSeconds): ProvenBallot {
    const rule = this.#rule;
    const threshold = this.#threshold;
    const scalar = () => this.#randomness.scalar();
    const separate = !rule.slotsAreBits;
    const values = rule.slotValues(bits);
    // Column d holds the d-th coefficient of every slot's polynomial; column 0 is the vote.
    const columns = [values.map(modulo)];
    for (let degree = 1; degree < threshold; degree++) columns.push(values.map(scalar));
    const rho = Array.from({ length: threshold }, scalar);
    const masks = this.#kernel.sample(this.#randomness);
    const slotMasks = rule.slotValues(masks).map(modulo);
    const [beta, s, u, w, y] = [scalar(), scalar(), scalar(), scalar(), scalar()];
    const cross = masks.map((mask, number) => modulo(mask * (1n - 2n * bits[number]!)));
    const square = masks.map((mask) => modulo(-mask * mask));
    for (const { slots, terms } of rule.quadraticRows) {
      const mixed = slots.reduce((sum, slot) => sum + 2n * values[slot]! * slotMasks[slot]!, 0n);
      cross.push(modulo(-mixed - evaluate(terms, masks)));
      square.push(modulo(-slots.reduce((sum, slot) => sum + slotMasks[slot]! ** 2n, 0n)));
    }

    const openings = columns.map((column, degree): Opening => [column, rho[degree]!]);
    if (separate) openings.push([bits.map(modulo), beta]);
    openings.push([slotMasks, s]);
    if (separate) openings.push([masks, u]);
    openings.push([cross, w], [square, y]);
    const points = this.key.commit(openings);
    const encodedPoints = encodePoints(points);

    const x = challenge(this.#shape, this.#context, voter, encodedPoints);
    const proof = {
      voter,
      points,
      encodedPoints,
      responses: bits.map((bit, number) => modulo(x * bit + masks[number]!)),
      zValue: modulo(x * rho[0]! + s),
      zBits: separate ? modulo(x * beta + u) : 0n,
      zSquare: modulo(x * w + y),
    };
    return {
      ballot: this.layout.build(castAtUnixS, proof),
      shares: this.#pollKeys.map((_, place) => shareAt(columns, rho, place + 1)),
      opening: { bits, blinding: rho[0]! },
    };
  }

  /** Seal each node's share to its poll key. */
  seal({ ballot, shares, opening }: ProvenBallot): SealedBallot {
    const pollContext = this.#context;
    const boxes = this.#pollKeys.map((key, place) => {
      const share = shares[place]!;
      const content = { pollContext, voter: ballot.voter, ballotDigest: ballot.digest, share };
      const info = ballotInfo(pollContext, place + 1);
      return seal(key, encodeBox(content), info, this.#randomness);
    });
    const { encoded, voter, castAtUnixS, digest } = ballot;
    return { encoded, voter, castAtUnixS, digest, boxes, boxesHash: boxesHash(boxes), opening };
  }
}

/** The statement that the voter's key signs (§8.7), for `Domain.digest` and `Domain.request`. */
export function ballotStatement(
  pollContext: Uint8Array,
  ballot: Pick<SealedBallot, "voter" | "castAtUnixS" | "digest">,
  boxesHash: Uint8Array,
): [type: string, ...values: Value[]] {
  return [BALLOT, pollContext, ballot.voter, ballot.castAtUnixS, ballot.digest, boxesHash];
}
