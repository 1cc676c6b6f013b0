/** Numbers of selections, for the number of different answers to a question. */

/** Number of orders of `taken` out of `count`: `count (count − 1) …`. */
export function permutations(count: number | bigint, taken: number): bigint {
  let product = 1n;
  for (let place = 0; place < taken; place++) product *= BigInt(count) - BigInt(place);
  return product;
}

/** Number of sets of `taken` out of `count`. */
export function combinations(count: number | bigint, taken: number): bigint {
  return permutations(count, taken) / permutations(taken, taken);
}

/** Sum of a number over all whole numbers of a range, ends included. */
export function summed(from: number, to: number, number: (at: number) => bigint): bigint {
  let sum = 0n;
  for (let at = from; at <= to; at++) sum += number(at);
  return sum;
}
