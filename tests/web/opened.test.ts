/** Opened ballots in words, what rules on them fund, and their outcome from the worker. */

import { afterEach, expect, test, vi } from "vitest";

import { fundingOf } from "../../web/src/client/budget_walk.ts";
import { awardedSlots, decisionsOf } from "../../web/src/client/decisions.ts";
import { Gateway, Refusal } from "../../web/src/client/gateway.ts";
import { ballotTexts, readOpened } from "../../web/src/client/opened.ts";
import { Malformed } from "../../web/src/protocol/errors.ts";
import {
  EqualShares,
  InstantRunoff,
  Phragmen,
  TransferableVote,
} from "../../web/src/protocol/outcome/ballots.ts";
import { NoOutcome } from "../../web/src/protocol/outcome/none.ts";
import { Score } from "../../web/src/protocol/question/amounts.ts";
import { Pairwise } from "../../web/src/protocol/question/pairwise.ts";
import { Ranking } from "../../web/src/protocol/question/ranking.ts";
import { Approval } from "../../web/src/protocol/question/selection.ts";
import { WorkerClient } from "../../web/src/workshop/client.ts";
import { sameThread } from "../../web/src/workshop/same_thread.ts";

const OBJECTION = { timeS: 3600, vetoHolder: new Uint8Array(20) };
const ABC = ["a", "b", "c"];

afterEach(() => {
  vi.unstubAllGlobals();
});

function refuse(code: string, status: number): void {
  const problem = { type: `urn:ostraka:problem:${code}`, title: code, status, detail: "" };
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json(problem, { status })));
}

test("only a poll without opened ballots has none; other refusals stay errors", async () => {
  const { signal } = new AbortController();
  refuse("not-opened", 409);
  expect(await readOpened(new Gateway(), 1n, signal)).toBeUndefined();
  refuse("nodes-unreachable", 503);
  await expect(readOpened(new Gateway(), 1n, signal)).rejects.toThrow(Refusal);
});

test.each([
  [new Approval("", ABC, 0, 3), [1n, 0n, 1n], "a, c"],
  [new Approval("", ABC, 0, 3), [0n, 0n, 0n], ""],
  [new Ranking("", ABC, [3n, 2n, 1n], 0), [1n, 0n, 3n], "c › a"],
  [new Score("", ABC, 5n), [0n, 1n, 5n], "b: 1, c: 5"],
] as const)("a ballot says what it gives: %#", (question, slots, text) => {
  expect(ballotTexts([question], ABC, slots)).toEqual([text]);
});

test("a ballot of pairs says its ranking, and several questions have a line each", () => {
  const pairwise = new Pairwise("", ABC, 0);
  const bits = pairwise.voteBits([2, 0]);
  const approval = new Approval("", ABC, 0, 3);
  const slots = [...pairwise.rule.slotValues(bits), 0n, 1n, 0n];
  expect(ballotTexts([pairwise, approval], [], slots)).toEqual(["c › a", "b"]);
  // A poll whose description does not name its questions has its options only.
  expect(ballotTexts([], ABC, [2n, 0n, 1n])).toEqual(["a: 2, c"]);
});

const COSTS = [60n, 50n, 40n];
const SHARES = new EqualShares(
  COSTS,
  100n,
  { utility: "points", completion: "utilitarian", increment: 0n },
  OBJECTION,
);

test("rules fund options unless they fill seats", () => {
  expect(fundingOf(SHARES)).toMatchObject({ costs: COSTS, budget: 100n });
  expect(fundingOf(new Phragmen(COSTS, 100n, OBJECTION))).toMatchObject({ budget: 100n });
  expect(fundingOf(new Phragmen([1n, 1n, 1n], 2n, OBJECTION))).toBeUndefined();
  expect(fundingOf(new TransferableVote(2, 3, OBJECTION))).toBeUndefined();
});

test("the worker decides by opened ballots, and winners are in the order in which they won", async () => {
  const worker = new WorkerClient(sameThread);
  const ballots = [
    { slots: [1n, 0n, 1n], count: 3 },
    { slots: [0n, 1n, 0n], count: 2 },
  ];
  const rule = SHARES.encode();
  const decided = await worker.run("decide", { rule, ballots });
  expect(decided.winners).toEqual([2, 0]);
  expect(decided.steps.map(({ kind }) => kind)).toEqual([
    "shares",
    "bought",
    "unaffordable",
    "unaffordable",
    "completed",
    "skipped",
  ]);
  const options = ABC.map((option, slot) => ({ option, votes: [3n, 2n, 3n][slot]!, award: 0n }));
  const [decision] = decisionsOf({ outcomeRule: rule }, { options }, [], decided);
  expect(awardedSlots(decision!)).toEqual([2, 0]);
  const summed = new NoOutcome().encode();
  await expect(worker.run("decide", { rule: summed, ballots })).rejects.toThrow(Malformed);
  const two = new InstantRunoff(2, OBJECTION).encode();
  await expect(worker.run("decide", { rule: two, ballots })).rejects.toThrow("options");
});

test("without the ballots, funded options are in the order of their votes", () => {
  const votes = [2n, 3n, 3n];
  const options = ABC.map((option, slot) => ({ option, votes: votes[slot]!, award: 1n }));
  const [decision] = decisionsOf({ outcomeRule: SHARES.encode() }, { options }, []);
  expect(awardedSlots(decision!)).toEqual([1, 2, 0]);
});
