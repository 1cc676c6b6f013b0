/** Drafts of an organizer's plans for tests. */

import { expect } from "vitest";

import {
  freshDraft,
  freshElectorate,
  freshQuestion,
  type PlanDraft,
  type QuestionDraft,
} from "../../../web/src/client/plan_draft.ts";
import { specificationOf } from "../../../web/src/client/plan_specification.ts";
import { unixSeconds } from "../../../web/src/protocol/units.ts";

export const NOW = 1_800_000_000;
export const CHAIN_TIME = unixSeconds(NOW);
export const ONE = `0x${"ab".repeat(20)}`;
export const TWO = `0x${"cd".repeat(20)}`;
export const KEY = `0x${"ef".repeat(20)}`;
/** Of EIP-55. */
export const MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

export const ACCOUNTS = [
  { account: ONE, weight: 1n },
  { account: TWO, weight: 1n << 60n, signingKey: KEY },
];

export function question(part: Partial<QuestionDraft>): QuestionDraft {
  const options = ["A", "B", "C"].map((name) => ({ name, cost: "", category: "" }));
  return { ...freshQuestion(), title: "What?", options, ...part };
}

export function pollOf(part: Partial<PlanDraft>): PlanDraft {
  const voters = { ...freshElectorate("list"), accounts: ACCOUNTS };
  return {
    ...freshDraft(),
    title: "Title",
    minimumBallots: "2",
    questions: [question({})],
    voters,
    ...part,
  };
}

export function good(draft: PlanDraft) {
  const { specification, problems } = specificationOf(draft, CHAIN_TIME);
  expect(problems).toEqual([]);
  return specification;
}
