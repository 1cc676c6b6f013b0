/**
 * Verification of many proofs in one multi-scalar multiplication.
 *
 * Source: docs/protocol.md §8.4, §8.5. Vectors: tests/vectors/ballot.json.
 */

import { modulo, msm, type Point, R } from "./curve.ts";
import { toInteger } from "./encoding.ts";
import { Rejected } from "./errors.ts";
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
 * @param most So many of those that fail are looked for, at least one; by default all.
 * @throws RejectedProofs: at least one fails (check B6); names the first of them.
 */
export function verifyProofs(
  generators: readonly Point[],
  shape: ProofShape,
  pollContext: Uint8Array,
  proofs: readonly BallotProof[],
  randomness: Randomness,
  most = proofs.length,
): void {
  const broken: FailedProof[] = [];
  const statements: Statement[] = [];
  proofs.forEach((proof, number) => {
    const x = challenge(shape, pollContext, proof.voter, proof.encodedPoints);
    const reason = brokenRow(shape.rule, proof.responses, x);
    if (reason) broken.push({ number, reason });
    else statements.push({ number, proof, x });
  });
  const holds = (selected: readonly Statement[]) => {
    return equationsHold(generators, shape, selected, randomness);
  };
  for (const { number } of failing(statements, most, holds)) {
    broken.push({ number, reason: "an equation fails" });
  }
  broken.sort((one, two) => one.number - two.number);
  if (broken.length) throw new RejectedProofs(broken.slice(0, most));
}

interface Statement {
  readonly number: number;
  readonly proof: BallotProof;
  readonly x: bigint;
}

function brokenRow(rule: BallotRule, responses: readonly bigint[], x: bigint): string | undefined {
  const number = rule.rows.findIndex(({ terms, constant }) => {
    return (evaluate(terms, responses) - constant * x) % R !== 0n;
  });
  return number < 0 ? undefined : `rows[${number}] does not hold`;
}

/** The first members of `selected` whose equations fail, found by bisection. */
function failing(
  selected: readonly Statement[],
  most: number,
  holds: (selected: readonly Statement[]) => boolean,
): Statement[] {
  if (!selected.length || !most || holds(selected)) return [];
  if (selected.length === 1) return [...selected];
  const middle = selected.length >> 1;
  const found = failing(selected.slice(0, middle), most, holds);
  return [...found, ...failing(selected.slice(middle), most - found.length, holds)];
}

/** Whether the weighted sum of all selected equations is the identity. */
function equationsHold(
  generators: readonly Point[],
  { rule, threshold }: ProofShape,
  selected: readonly Statement[],
  randomness: Randomness,
): boolean {
  const { bits, width, slotsAreBits } = rule;
  const separate = !slotsAreBits;
  const onGenerators = new Array<bigint>(1 + width).fill(0n);
  const points: Point[] = [];
  const onPoints: bigint[] = [];
  const weight = () => toInteger(randomness.bytes(WEIGHT_BYTES));
  // x V + A_V = com(f_v; z_V);  x U + A_U = com(f; z_U);  x C + D = com(f (x − f) ‖ q; z_C)
  for (const { proof, x } of selected) {
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

    // A_1 … A_{t−1} are in the transcript only.
    points.push(proof.points[0]!, ...proof.points.slice(threshold));
    onPoints.push((onValue * x) % R);
    if (separate) onPoints.push((onBits * x) % R, onValue, onBits);
    else onPoints.push(onValue);
    onPoints.push((onSquare * x) % R, onSquare);
  }
  const negated = onGenerators.map((total) => modulo(-total));
  const total = msm([...generators.slice(0, 1 + width), ...points], [...negated, ...onPoints]);
  return total.x === 0n && total.y === 0n;
}
