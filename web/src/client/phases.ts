/**
 * Phases of rounds and polls as people see them: what goes on, until when, and what comes.
 *
 * Source: docs/protocol.md §4.5, §17; the gateway's lists name the same phases.
 */

import type { UnixSeconds } from "../protocol/units.ts";
import type { Poll, PollSummary, Round, RoundSummary } from "./views.ts";

/** What goes on: something to do now, something later, or nothing any more. */
export type Stage = "now" | "later" | "over";

/** Phases in which members propose or voters vote. */
const ACTIVE = ["proposing", "voting", "open"];
const COMING = ["announced", "ready", "created"];

/** The stage of a round's or poll's phase. */
export function stageOf(phase: string): Stage {
  if (ACTIVE.includes(phase)) return "now";
  return COMING.includes(phase) ? "later" : "over";
}

/** A moment that readers wait for; the last one if nothing is to come. */
export interface NextMoment {
  readonly kind:
    "proposalsOpen" | "proposalsClose" | "votingOpens" | "votingCloses" | "votingClosed";
  readonly at: UnixSeconds;
}

/** The next moment of a round. */
export function nextOfRound(
  round: Pick<
    RoundSummary,
    "proposalsOpenAt" | "proposalsCloseAt" | "votingOpensAt" | "votingClosesAt"
  >,
  now: UnixSeconds,
): NextMoment {
  if (now < round.proposalsOpenAt) return { kind: "proposalsOpen", at: round.proposalsOpenAt };
  if (now < round.proposalsCloseAt) return { kind: "proposalsClose", at: round.proposalsCloseAt };
  return nextOfVote(round.votingOpensAt, round.votingClosesAt, now);
}

/** The next moment of a poll. */
export function nextOfPoll(
  { opensAt, closesAt }: Pick<PollSummary, "opensAt" | "closesAt">,
  now: UnixSeconds,
): NextMoment {
  return nextOfVote(opensAt, closesAt, now);
}

function nextOfVote(opensAt: UnixSeconds, closesAt: UnixSeconds, now: UnixSeconds): NextMoment {
  if (now < opensAt) return { kind: "votingOpens", at: opensAt };
  return { kind: now < closesAt ? "votingCloses" : "votingClosed", at: closesAt };
}

/** A round's phase at a time of the chain, from its status. */
export function phaseOfRound(
  { status, votingOpensAt, votingClosesAt }: Round,
  now: UnixSeconds,
): string {
  if (status === "expired") return "decided";
  if (status !== "voting") return status;
  if (now < votingOpensAt) return "ready";
  return now < votingClosesAt ? "voting" : "closed";
}

/** A poll's phase at a time of the chain, from its status. */
export function phaseOfPoll(
  { status, opensAt, closesAt }: Pick<Poll, "status" | "opensAt" | "closesAt">,
  now: UnixSeconds,
): string {
  if (["anchored", "releasable"].includes(status)) return "closed";
  if (status !== "open") return status;
  if (now < opensAt) return "created";
  return now < closesAt ? "open" : "closed";
}

/** The steps of every round, in order. */
export const ROUND_STEPS = ["proposals", "voting", "count", "payouts"] as const;
export type RoundStep = (typeof ROUND_STEPS)[number];

/** Index in `ROUND_STEPS` of what goes on in a phase, and whether that has begun. */
export function stepOf(phase: string): { readonly step: number; readonly begun: boolean } {
  switch (phase) {
    case "announced":
      return { step: 0, begun: false };
    case "proposing":
      return { step: 0, begun: true };
    case "ready":
      return { step: 1, begun: false };
    case "voting":
      return { step: 1, begun: true };
    case "closed":
    case "tallied":
      return { step: 2, begun: true };
    case "decided":
      return { step: 3, begun: true };
    default:
      // Vetoed or void: nothing more happens.
      return { step: ROUND_STEPS.length, begun: false };
  }
}

/** Whether people with an invitation can register for the poll of a plan; a round's page says so itself. */
export function takesRegistrations(plan: {
  readonly round: bigint | undefined;
  readonly poll: bigint | undefined;
  readonly censusFixed: boolean;
  readonly invitations: { readonly issued: number };
}): boolean {
  const planned = plan.round === undefined && plan.poll === undefined;
  return planned && !plan.censusFixed && plan.invitations.issued > 0;
}
