/**
 * Ballots and their sum tree in plain integers, straight from docs/protocol.md §8 and §10.4, for
 * rules with one row and no quadratic row. Shares no code with the contracts.
 */
import { concat, hexToBigInt, keccak256, numberToHex, size, stringToHex } from "viem";
import { R, add, commit, multiply } from "./bn254.js";
import { range, ruleBytes, tagged } from "./encodings.js";

const u32 = (value) => numberToHex(value, { size: 4 });
const u64 = (value) => numberToHex(value, { size: 8 });
const u128 = (value) => numberToHex(value, { size: 16 });
const scalar = (value) => numberToHex(value, { size: 32 });
export const pointBytes = ([x, y]) => concat([scalar(x), scalar(y)]);
const modulo = (value) => ((value % R) + R) % R;
const IDENTITY = [0n, 0n];

/** Numbers that look random and are the same in every run. */
function numbers(seed) {
  let counter = 0;
  return () => hexToBigInt(keccak256(concat([seed, u32(counter++)]))) % R;
}

function absorb(label, message) {
  const name = stringToHex(label);
  return concat([u32(size(name)), name, u32(size(message)), message]);
}

const combine = (terms, values) =>
  modulo(terms.reduce((sum, [bit, coefficient]) => sum + BigInt(coefficient) * values[bit], 0n));

/** A vector in which the row's terms add up to nothing. */
function kernel({ terms }, bits, next) {
  const values = range(bits).map(next);
  const [last] = terms.at(-1);
  if (BigInt(terms.at(-1)[1]) !== 1n) throw new Error("the last coefficient must be 1");
  values[last] = 0n;
  values[last] = modulo(-combine(terms, values));
  return values;
}

/**
 * A canonical ballot (§8.6).
 *
 * @param rule as `ruleBytes` takes it, with one row whose last coefficient is 1
 * @param bits 0n or 1n each; whether they obey the rule is not checked
 */
export function ballot({ rule, voter, castAt, bits, context, threshold }) {
  const next = numbers(concat([voter, u64(castAt), context]));
  const isCompact =
    rule.bits === rule.slots.length &&
    rule.slots.every((terms, bit) => terms.length === 1 && terms[0][0] === bit && terms[0][1] == 1);
  const image = (values) => rule.slots.map((terms) => combine(terms, values));
  const [rho, beta, s, u, w, y] = range(6).map(next);
  const masks = kernel(rule.rows[0], rule.bits, next);
  const value = commit(image(bits), rho);
  const sharing = range(threshold - 1).map(() => commit(rule.slots.map(next), next()));
  const cross = commit(
    bits.map((bit, index) => modulo(masks[index] * (1n - 2n * bit))),
    w,
  );
  const square = commit(
    masks.map((mask) => modulo(-mask * mask)),
    y,
  );
  const bitPoints = isCompact ? [] : [commit(bits, beta)];
  const maskPoints = isCompact ? [] : [commit(masks, u)];
  const valueMask = commit(image(masks), s);
  const challenge =
    hexToBigInt(
      keccak256(
        concat([
          stringToHex("ostraka/v2/transcript"),
          absorb("purpose", stringToHex("ballot")),
          absorb("poll", context),
          absorb("voter", voter),
          absorb("value", pointBytes(value)),
          absorb("sharing", concat(sharing.map(pointBytes))),
          ...bitPoints.map((point) => absorb("bits", pointBytes(point))),
          absorb("value-mask", pointBytes(valueMask)),
          ...maskPoints.map((point) => absorb("bits-mask", pointBytes(point))),
          absorb("cross", pointBytes(cross)),
          absorb("square", pointBytes(square)),
        ]),
      ),
    ) % R;
  const responses = [
    ...bits.map((bit, index) => challenge * bit + masks[index]),
    challenge * rho + s,
    ...(isCompact ? [] : [challenge * beta + u]),
    challenge * w + y,
  ];
  const points = [value, ...sharing, ...bitPoints, valueMask, ...maskPoints, cross, square];
  return {
    voter,
    castAt,
    bits,
    value,
    blinding: rho,
    bytes: concat([
      voter,
      u64(castAt),
      ...points.map(pointBytes),
      ...responses.map((response) => scalar(modulo(response))),
    ]),
    rule: ruleBytes(rule),
  };
}

export const ballotDigest = (bytes) => tagged("ballot", bytes);

/** A leaf's content; `weight` as the census has it. */
export function leafOf({ voter, castAt, bytes, value }, weight = 1n) {
  const [x, y] = multiply(value, weight);
  return { voter, weight, castAt, ballotDigest: ballotDigest(bytes), x, y };
}

const sumOf = ({ x, y }) => [x, y];
const nodeOf = (leaf) => ({
  hash: tagged(
    "leaf",
    leaf.voter,
    u128(leaf.weight),
    u64(leaf.castAt),
    leaf.ballotDigest,
    pointBytes(sumOf(leaf)),
  ),
  x: leaf.x,
  y: leaf.y,
});
export const EMPTY = { hash: scalar(0n), x: IDENTITY[0], y: IDENTITY[1] };

const parent = (left, right) => {
  const [x, y] = add(sumOf(left), sumOf(right));
  const hash = tagged(
    "node",
    left.hash,
    pointBytes(sumOf(left)),
    right.hash,
    pointBytes(sumOf(right)),
  );
  return { hash, x, y };
};

export class SumTree {
  /**
   * @param spoil `(node, height, index) => node` replaces nodes while the tree is built
   * @param padding node beyond the count
   */
  constructor(leaves, { count = leaves.length, spoil = (node) => node, padding = EMPTY } = {}) {
    this.leaves = leaves;
    this.count = count;
    const depth = Math.ceil(Math.log2(count));
    const bottom = range(2 ** depth).map((index) =>
      spoil(index < leaves.length ? nodeOf(leaves[index]) : padding, 0, index),
    );
    this.levels = [bottom];
    for (let height = 1; height <= depth; height++) {
      const below = this.levels.at(-1);
      this.levels.push(
        range(below.length / 2).map((index) => {
          const isBeyond = index * 2 ** height >= count;
          const node = isBeyond ? padding : parent(below[2 * index], below[2 * index + 1]);
          return spoil(node, height, index);
        }),
      );
    }
  }

  get top() {
    return this.levels.at(-1)[0];
  }

  /** Siblings of a node, from its height upward. */
  siblings(index, height = 0) {
    return this.levels.slice(height, -1).map((level, above) => level[(index >> above) ^ 1]);
  }

  root(round = 0) {
    const { hash, x, y } = this.top;
    return { round, rootHash: hash, sumX: x, sumY: y, count: this.count };
  }
}
