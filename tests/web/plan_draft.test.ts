/** Drafts of a plan. */

import { expect, test } from "vitest";

import {
  competes,
  dropPlanDraft,
  ELECTORATE_KINDS,
  freshChoice,
  freshDraft,
  hasOptions,
  optionsOfLines,
  POLL_OUTCOMES,
  QUESTION_KINDS,
  readPlanDraft,
  ROUND_BALLOTS,
  ROUND_OUTCOMES,
  writeDraftAccounts,
  writePlanDraft,
} from "../../web/src/client/plan_draft.ts";
import { addAudience, messageIfAny, setLanguage } from "../../web/src/messages/index.ts";
import { KINDS } from "../../web/src/protocol/question/poll.ts";
import { pollOf } from "./support/plans.ts";
import { Shelf } from "./support/shelf.ts";

test("pasted lines become options", () => {
  expect(optionsOfLines("Bench; 400; north\r\n\n  Tree\nPond\t30\n")).toEqual([
    { name: "Bench", cost: "400", category: "north" },
    { name: "Tree", cost: "", category: "" },
    { name: "Pond", cost: "30", category: "" },
  ]);
});

test("a draft is stored, with its accounts where there is room", () => {
  const shelf = new Shelf();
  expect(readPlanDraft(shelf)).toEqual(freshDraft());
  const draft = pollOf({});
  writePlanDraft(shelf, draft);
  expect(writeDraftAccounts(shelf, draft)).toBe(true);
  expect(readPlanDraft(shelf)).toEqual(draft);
  shelf.room = 10;
  expect(writeDraftAccounts(shelf, draft)).toBe(false);
  expect(readPlanDraft(shelf).voters.accounts).toEqual([]);
  dropPlanDraft(shelf);
  expect(shelf.length).toBe(0);
});

test("the wizard offers every kind of question", () => {
  const why = "web/src/client/plan_draft.ts lists the members of each kind of poll.ts";
  expect(Object.keys(QUESTION_KINDS).sort(), why).toEqual([...KINDS.keys()].sort());
});

test("numbers cannot win, and have no options", () => {
  const asked = (kind: string) => freshChoice(QUESTION_KINDS, kind);
  const kinds = ["histogram", "cross_tabulation", "number"].map(asked);
  expect(kinds.map(competes)).toEqual([true, true, false]);
  expect(kinds.map(hasOptions)).toEqual([true, false, false]);
});

test("every member and kind has a name in the catalogue", async () => {
  await addAudience("organizer");
  await setLanguage("en");
  const kinds = [QUESTION_KINDS, POLL_OUTCOMES, ROUND_BALLOTS, ROUND_OUTCOMES, ELECTORATE_KINDS];
  const asked = kinds.flatMap((one) => Object.values(one).flat());
  for (const { name } of asked) expect(messageIfAny(`organize.members.${name}`)).toBeDefined();
  for (const kind of kinds.flatMap(Object.keys)) {
    const paths = [`questions.kinds.${kind}`, `questions.outcomes.${kind}`];
    const names = [...paths, `voters.kinds.${kind}.name`].map((path) => `organize.${path}`);
    expect(names.map((id) => messageIfAny(id)).filter(Boolean)).not.toEqual([]);
  }
});
