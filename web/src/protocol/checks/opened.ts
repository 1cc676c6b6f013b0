/**
 * Checks A1 to A6: the run of the shuffle, and the ballots that it opens.
 *
 * Source: docs/protocol.md §13, §19.
 */

import { isShuffled, SUMMED } from "../counting.ts";
import type { Point } from "../curve.ts";
import { Rejected, Undecided } from "../errors.ts";
import { mayShuffle } from "../shuffle/groups.ts";
import { verifyOpenings, verifySum } from "../shuffle/openings.ts";
import { shuffleGenerator } from "../shuffle/proof.ts";
import { verifyClaims, verifyGroups } from "../shuffle/run.ts";
import { SHUFFLED } from "../typed_data.ts";
import { later } from "../units.ts";
import { counted } from "../wording.ts";
import type { Audit, Held } from "./audit.ts";

/** Part of the work on proofs that their generators take. */
const GENERATORS = 0.2;
/** Number of generators between two reports of progress. */
const BATCH = 500;

/** A1: section 14 and every proof in it decode canonically, where ballots are opened. */
export function checkA1(audit: Audit): string | Held {
  const absent = absentOpened(audit);
  if (absent) return { ...absent, assumes: absent.inTime ? undefined : NO_SHUFFLE };
  const { run, openings } = audit.opened;
  const steps = counted(audit.steps.claims.length, "step", "steps");
  const [ballots, least] = [openings.length, audit.parameters.openMinimum];
  if (ballots < least) {
    const reason = `${ballots} ballots were opened, at least ${least} required`;
    throw new Rejected("A1", "board.opened", reason);
  }
  return `${steps} over ${counted(ballots, "ballot", "ballots")}, in turn ${run.turn}`;
}

/** A2: the groups are groups of the committee, and cover. */
export function checkA2(audit: Audit): string {
  const absent = absentOpened(audit);
  if (absent) return absent.detail;
  const { members, threshold, faults } = audit.committee;
  const { steps } = audit.opened.run;
  // Check P6 says why. The sets that groups must cover could be too many to list.
  if (!mayShuffle(members.length, threshold, faults)) throw new Undecided("needs P6");
  verifyGroups(members.length, threshold, steps);
  return `groups ${steps.map(({ group }) => group.join("-")).join(", ")}`;
}

/** A3: every step's proof holds for the state before it, from the leaves on. */
export function checkA3(audit: Audit): string {
  const absent = absentOpened(audit);
  if (absent) return absent.detail;
  const { claims } = audit.steps;
  const count = audit.ballots.length;
  const advance = (part: number) => {
    audit.advance((2 + part * claims.length) * count);
  };
  const key: Point[] = [];
  while (key.length <= count) {
    key.push(shuffleGenerator(key.length));
    if (key.length % BATCH === 0) advance((GENERATORS * key.length) / count);
  }
  verifyClaims(key, claims, audit.randomness, (part) => {
    advance(GENERATORS + (1 - GENERATORS) * part);
  });
  return counted(claims.length, "proof", "proofs");
}

/** A4: at least `q` nodes of the committee signed the last state. */
export function checkA4(audit: Audit): string {
  const absent = absentOpened(audit);
  if (absent) return absent.detail;
  const { attestations } = audit.opened;
  const { last } = audit.steps;
  const digest = audit.domain.digest(
    SHUFFLED,
    last.run.pollContext,
    last.run.rootDigest,
    BigInt(last.run.turn),
    last.hash,
    BigInt(last.values.length),
  );
  return audit.requireQuorum("A4", "board.opened", attestations, digest);
}

/** A5: every opened ballot opens its commitment in the last state. */
export function checkA5(audit: Audit): string {
  const absent = absentOpened(audit);
  if (absent) return absent.detail;
  const { openings } = audit.opened;
  const { last } = audit.steps;
  verifyOpenings(audit.key, last.values, openings, audit.randomness);
  return counted(openings.length, "ballot", "ballots");
}

/** A6: the opened ballots add up to the tally on chain, with its blinding. */
export function checkA6(audit: Audit): string {
  const absent = absentOpened(audit);
  if (absent) return absent.detail;
  const { tally, rule, parameters } = audit;
  const { openings } = audit.opened;
  if (tally.values.length !== rule.slots.length) throw new Undecided("needs R1");
  const voters = BigInt(parameters.voters);
  if (!voters || parameters.totalWeight % voters) throw new Undecided("needs P6");
  verifySum(openings, parameters.totalWeight / voters, tally);
  return "the ballots give the tally";
}

const NO_SHUFFLE = { code: "unopened", values: {} } as const;

/** Why no ballot is opened. */
interface Absent {
  readonly detail: string;
  /** Whether none was to be opened: otherwise no shuffle ended in time. */
  readonly inTime: boolean;
}

/** Why no ballot is opened, if that is right; undefined where section 14 is to be checked. */
export function absentOpened(audit: Audit): Absent | undefined {
  const { counting, openMinimum, shufflePeriod } = audit.parameters;
  if (counting === SUMMED) {
    audit.requireSummed();
    return { detail: "the poll's ballots are summed", inTime: true };
  }
  if (!isShuffled(audit.parameters)) throw new Undecided("needs P1");
  if (audit.sections.opened) return undefined;
  audit.requireAnchored();
  const { root, disputeWindowEndsAt, talliedAt } = audit.chain;
  if (root.count < openMinimum) {
    const ballots = counted(root.count, "ballot", "ballots");
    return { detail: `${ballots}, fewer than ${openMinimum}: none is opened`, inTime: true };
  }
  audit.requireTally();
  if (talliedAt < later(disputeWindowEndsAt, shufflePeriod)) {
    throw new Undecided("the board lacks the opened ballots, which another node may have");
  }
  return { detail: "no ballot was opened", inTime: false };
}
