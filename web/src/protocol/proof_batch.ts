/**
 * Verification of many proofs in one multi-scalar multiplication.
 *
 * Source: docs/protocol.md §8.4, §8.5. Vectors: tests/vectors/ballot.json.
 */

import { CURVE, encodePoints, modulo, type Point, R } from "./curve.ts";
import { POINT_BYTES, toInteger } from "./encoding.ts";
import { Rejected } from "./errors.ts";
import { PointTable } from "./point_table.ts";
import { type BallotProof, challenge, type ProofShape } from "./proof.ts";
import type { Randomness } from "./randomness.ts";
import { type BallotRule, evaluate } from "./rule.ts";

const WEIGHT_BYTES = 16;

/** Position of a failed proof in its batch, and the reason. */
export interface FailedProof {
  readonly number: number;
  readonly reason: string;
}

/** Some proofs of a batch fail check B6. */
export class RejectedProofs extends Rejected {
  /** Ascending by position. */
  readonly failures: readonly FailedProof[];

  constructor(failures: readonly FailedProof[]) {
    const item = failures.map(({ number }) => `proofs[${number}]`).join(", ");
    super("B6", item, failures[0]!.reason);
    this.failures = failures;
  }
}

/**
 * Verify proofs together in one multi-scalar multiplication (§8.5).
 *
 * @param generators `H, G_1, …` for at least the rule's width.
 * @param randomness Source of the batch weights; must be unpredictable to the makers of the proofs.
 * @throws RejectedProofs: at least one fails (check B6); names every failed one.
 */
export function verifyProofs(
  generators: readonly Point[],
  shape: ProofShape,
  pollContext: Uint8Array,
  proofs: readonly BallotProof[],
  randomness: Randomness,
): void {
  const broken: FailedProof[] = [];
  const batch = new Batch(generators, shape, proofs.length, randomness);
  proofs.forEach((proof, number) => {
    const x = challenge(shape, pollContext, proof.voter, proof.encodedPoints);
    const reason = brokenRow(shape.rule, proof.responses, x);
    if (reason) broken.push({ number, reason });
    else batch.append(number, proof, x);
  });
  for (const number of batch.failing()) broken.push({ number, reason: "an equation fails" });
  if (broken.length) throw new RejectedProofs(broken.sort((one, two) => one.number - two.number));
}

function brokenRow(rule: BallotRule, responses: readonly bigint[], x: bigint): string | undefined {
  const number = rule.rows.findIndex(({ terms, constant }) => {
    return (evaluate(terms, responses) - constant * x) % R !== 0n;
  });
  return number < 0 ? undefined : `rows[${number}] does not hold`;
}

interface Statement {
  readonly number: number;
  readonly proof: BallotProof;
  readonly x: bigint;
  /** Number of the first of its points in the table. */
  readonly first: number;
}

/** The equations of some proofs. */
class Batch {
  readonly #rule: BallotRule;
  readonly #threshold: number;
  readonly #randomness: Randomness;
  readonly #statements: Statement[] = [];
  /** `H, G_1, …`, then the points of each statement. */
  readonly #table: PointTable;

  constructor(
    generators: readonly Point[],
    { rule, threshold, points }: ProofShape,
    size: number,
    randomness: Randomness,
  ) {
    this.#rule = rule;
    this.#threshold = threshold;
    this.#randomness = randomness;
    this.#table = new PointTable(CURVE, 1 + rule.width + size * (1 + points - threshold));
    this.#append(encodePoints(generators.slice(0, 1 + rule.width)));
  }

  /** Append a proof under a number. */
  append(number: number, proof: BallotProof, x: bigint): void {
    this.#statements.push({ number, proof, x, first: this.#table.length });
    this.#append(proof.encodedPoints.subarray(0, POINT_BYTES));
    // A_1 … A_{t−1} are in the transcript only.
    this.#append(proof.encodedPoints.subarray(this.#threshold * POINT_BYTES));
  }

  /** Numbers of the proofs whose equations fail, found by bisection. */
  failing(): number[] {
    return this.#failing(this.#statements).map(({ number }) => number);
  }

  #append(encoded: Uint8Array): void {
    for (let at = 0; at < encoded.length; at += POINT_BYTES) {
      if (!this.#table.append(encoded.subarray(at, at + POINT_BYTES))) {
        throw new RangeError("not a point");
      }
    }
  }

  #failing(selected: readonly Statement[]): Statement[] {
    if (!selected.length || this.#holds(selected)) return [];
    if (selected.length === 1) return [...selected];
    const middle = selected.length >> 1;
    return [...this.#failing(selected.slice(0, middle)), ...this.#failing(selected.slice(middle))];
  }

  /** Whether the weighted sum of all selected equations is the identity. */
  #holds(selected: readonly Statement[]): boolean {
    const rule = this.#rule;
    const { bits, width, slotsAreBits } = rule;
    const separate = !slotsAreBits;
    const onGenerators = new Array<bigint>(1 + width).fill(0n);
    const numbers: number[] = [];
    const onPoints: bigint[] = [];
    const weight = () => toInteger(this.#randomness.bytes(WEIGHT_BYTES));
    // x V + A_V = com(f_v; z_V);  x U + A_U = com(f; z_U);  x C + D = com(f (x − f) ‖ q; z_C)
    for (const { proof, x, first } of selected) {
      // Fresh for each equation: a common weight would let errors of V and U cancel.
      const onValue = weight();
      const onBits = separate ? weight() : 0n;
      const onSquare = weight();
      const f = proof.responses;
      const slotResponses = separate ? rule.slotValues(f) : f;

      onGenerators[0]! += onValue * proof.zValue + onBits * proof.zBits + onSquare * proof.zSquare;
      slotResponses.forEach((response, slot) => {
        onGenerators[slot + 1]! += onValue * response;
      });
      f.forEach((response, bit) => {
        onGenerators[bit + 1]! += response * (onBits + ((onSquare * (x - response)) % R));
      });
      rule.quadraticRows.forEach(({ slots, terms, constant }, row) => {
        const squares = slots.reduce((sum, slot) => sum + slotResponses[slot]! ** 2n, 0n);
        const remainder = constant * x * x - squares - x * evaluate(terms, f);
        onGenerators[1 + bits + row]! += onSquare * (remainder % R);
      });

      onPoints.push((onValue * x) % R);
      if (separate) onPoints.push((onBits * x) % R, onValue, onBits);
      else onPoints.push(onValue);
      onPoints.push((onSquare * x) % R, onSquare);
      const after = first + 1 + proof.points.length - this.#threshold;
      for (let number = first; number < after; number++) numbers.push(number);
    }
    const negated = onGenerators.map((total) => modulo(-total));
    const total = this.#table.combine([...negated.keys(), ...numbers], [...negated, ...onPoints]);
    return total.x === 0n && total.y === 0n;
  }
}
