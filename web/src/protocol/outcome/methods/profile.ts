/**
 * Opened ballots as rules on ballots read them: equal ones together, with their number.
 *
 * No outcome depends on the order of ballots, so equal ones need no places of their own.
 *
 * Source: docs/protocol.md §14.10.
 */

/** Equal ballots. */
export interface BallotGroup {
  /** What each of them gives to every option. */
  readonly slots: readonly bigint[];
  /** Number of these ballots. */
  readonly count: number;
}

/** Ballots that rank the same options in the same order. */
export interface RankedGroup {
  /** From the highest slot on. */
  readonly options: readonly number[];
  readonly count: number;
}

/** Groups of equal ballots. */
export function groupsOf(ballots: Iterable<readonly bigint[]>): BallotGroup[] {
  const found = new Map<string, { slots: readonly bigint[]; count: number }>();
  for (const slots of ballots) {
    const key = slots.join();
    const known = found.get(key);
    if (known) known.count += 1;
    else found.set(key, { slots, count: 1 });
  }
  return [...found.values()];
}

/** Number of ballots. */
export function ballotCount(groups: readonly { readonly count: number }[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}

/**
 * The rankings of ballots: the highest slot first, zeros left out.
 *
 * Of equal slots, which ballots of a ranking question never have, the lower one is first.
 */
export function rankingsOf(groups: readonly BallotGroup[]): RankedGroup[] {
  const found = new Map<string, { options: number[]; count: number }>();
  for (const { slots, count } of groups) {
    const options = [...slots.keys()]
      .filter((slot) => slots[slot])
      .sort((left, right) => {
        const [one, other] = [slots[left]!, slots[right]!];
        return one === other ? left - right : one > other ? -1 : 1;
      });
    const key = options.join();
    const known = found.get(key);
    if (known) known.count += count;
    else found.set(key, { options, count });
  }
  return [...found.values()];
}
