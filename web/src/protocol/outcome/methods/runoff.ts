/**
 * Instant runoff: the option with the fewest votes goes until one has more than half.
 *
 * Source: docs/protocol.md §14.10.3. Vectors: tests/vectors/ballot_outcomes.json.
 */

import { type Fraction, fraction } from "../../fraction.ts";
import type { InstantRunoff } from "../ballots.ts";
import { type BallotGroup, type RankedGroup, rankingsOf } from "./profile.ts";
import type { Count, Decided } from "./steps.ts";

interface Counted {
  readonly votes: readonly number[];
  /** Ballots that count for no option. */
  readonly exhausted: number;
}

/** The winner, or nobody if no ballot ranks an option. */
export function instantRunoff(rule: InstantRunoff, groups: readonly BallotGroup[]): Decided {
  const rankings = rankingsOf(groups);
  const options = Array.from({ length: rule.slots }, (_, option) => option);
  const continuing = new Set(options);
  const steps: Count[] = [];
  for (;;) {
    const now = count(rankings, continuing, rule.slots);
    const most = Math.max(...now.votes);
    const all = now.votes.reduce((sum, votes) => sum + votes, 0);
    const shown: Count = {
      kind: "count",
      votes: options.map((option) => (continuing.has(option) ? of(now.votes[option]!) : undefined)),
      exhausted: of(now.exhausted),
      quota: undefined,
      elected: [],
      eliminated: undefined,
      surplus: undefined,
      tied: [],
      lookedBack: undefined,
      transfers: options.map(() => of(0)),
      transferredExhausted: of(0),
    };
    if (2 * most > all || !most) {
      const winners = most ? [now.votes.indexOf(most)] : [];
      return { winners, steps: [...steps, { ...shown, elected: winners }] };
    }
    const fewest = Math.min(...[...continuing].map((option) => now.votes[option]!));
    const tied = [...continuing].filter((option) => now.votes[option] === fewest);
    const eliminated = tied.at(-1)!;
    continuing.delete(eliminated);
    const then = count(rankings, continuing, rule.slots);
    steps.push({
      ...shown,
      eliminated,
      tied: tied.length > 1 ? tied : [],
      transfers: options.map((option) => {
        return of(continuing.has(option) ? then.votes[option]! - now.votes[option]! : 0);
      }),
      transferredExhausted: of(then.exhausted - now.exhausted),
    });
  }
}

function count(
  rankings: readonly RankedGroup[],
  continuing: ReadonlySet<number>,
  options: number,
): Counted {
  const votes = Array.from({ length: options }, () => 0);
  let exhausted = 0;
  for (const { options: ranked, count } of rankings) {
    const option = ranked.find((one) => continuing.has(one));
    if (option === undefined) exhausted += count;
    else votes[option]! += count;
  }
  return { votes, exhausted };
}

function of(votes: number): Fraction {
  return fraction(BigInt(votes));
}
