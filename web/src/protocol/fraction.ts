/** Exact quotients of integers, in lowest terms. */

export interface Fraction {
  readonly numerator: bigint;
  /** At least 1. */
  readonly denominator: bigint;
}

/** `numerator / denominator` for a denominator of at least 1. */
export function fraction(numerator: bigint, denominator = 1n): Fraction {
  if (denominator < 1n) throw new RangeError(`denominator ${denominator}`);
  let [high, low] = [numerator < 0n ? -numerator : numerator, denominator];
  while (low) [high, low] = [low, high % low];
  return { numerator: numerator / high, denominator: denominator / high };
}

/** The sum. */
export function plus(left: Fraction, right: Fraction): Fraction {
  const numerator = left.numerator * right.denominator + right.numerator * left.denominator;
  return fraction(numerator, left.denominator * right.denominator);
}

/** The square. */
export function squared({ numerator, denominator }: Fraction): Fraction {
  return { numerator: numerator ** 2n, denominator: denominator ** 2n };
}

/** The opposite. */
export function negated({ numerator, denominator }: Fraction): Fraction {
  return { numerator: -numerator, denominator };
}

/** Negative, zero or positive: how `left` compares with `right`. */
export function compare(left: Fraction, right: Fraction): number {
  const difference = left.numerator * right.denominator - right.numerator * left.denominator;
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}
