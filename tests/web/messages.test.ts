/** Words: every language has all of them, and what others say is put into them. */

import { describe, expect, test } from "vitest";

import { de } from "../../web/src/messages/de.ts";
import { en } from "../../web/src/messages/en.ts";
import { es } from "../../web/src/messages/es.ts";
import { assumption, planProblem, refusal } from "../../web/src/messages/index.ts";
import { pl } from "../../web/src/messages/pl.ts";

/** Paths of all members with what each is, in order. */
function shapeOf(value: unknown, path = ""): string[] {
  if (typeof value === "object" && value) {
    return Object.entries(value).flatMap(([name, member]) => shapeOf(member, `${path}.${name}`));
  }
  const kind = typeof value === "function" ? `function of ${value.length}` : typeof value;
  return [`${path}: ${kind}`];
}

/** Texts by their paths. */
function texts(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value !== "object" || !value) return [];
  return Object.entries(value).flatMap(([name, member]) => texts(member, `${path}.${name}`));
}

describe.each([
  ["de", de],
  ["es", es],
  ["pl", pl],
] as const)("%s", (_, catalogue) => {
  // Members of tables are names for the type checker: it misses none of them.
  test("has every member", () => {
    const without = (shape: string[]) => shape.map((one) => one.replace(/: function.*/, ""));
    expect(without(shapeOf(catalogue)).sort()).toEqual(without(shapeOf(en)).sort());
  });

  test("leaves no sentence in English", () => {
    const own = new Map(texts(catalogue));
    const same = texts(en).filter(([path, text]) => own.get(path) === text && / .* /.test(text));
    expect(same).toEqual([]);
  });

  test("has nothing empty where English has words", () => {
    const empty = texts(catalogue).filter(([, text]) => !text);
    expect(empty.map(([path]) => path).sort()).toEqual(
      texts(en)
        .filter(([, text]) => !text)
        .map(([path]) => path)
        .sort(),
    );
  });
});

test.each([
  ["Too late: voting would be over before it began", "voting would be over before it began"],
  ["the gateway cannot reach the chain now", "the gateway cannot reach the chain now"],
  ["http://node.example: no answer", "http://node.example: no answer"],
  [
    "the poll's keys are not signed yet; node 1: waits for node 2 (no answer), node 3 (refused); " +
      "node 2: is not ready; " +
      "node 3: is not ready, and announces different poll keys to different nodes",
    "not all nodes have signed the poll’s keys yet; node 1 waits for node 2 (no answer), " +
      "node 3 (refused); node 2: is not ready; " +
      "node 3: is not ready, and announces different poll keys to different nodes",
  ],
])("a plan waits: %s", (problem, says) => {
  expect(planProblem(problem)).toBe(says);
});

test.each([
  [
    'http://a.example: {"title":"Too many versions","status":429}',
    en.cast.refusals["Too many versions"],
  ],
  ["/polls/3/ballots", en.cast.unanswered],
  ["receipt: of another key", "receipt: of another key"],
])("a ballot is refused: %s", (reason, says) => {
  expect(refusal(reason)).toBe(says);
});

test.each([
  [
    "each of 20 invitations (7 used) went to a person of its own",
    en.audit.assumptions.invitations("20", "7"),
  ],
  [
    "the organizer, who listed 1200 voters by hand, listed those who may vote",
    en.audit.assumptions.list("1,200"),
  ],
  [`the owner of 0x${"ab".repeat(20)} listed its members`, /the registry 0x(?:ab){20} /],
  [
    `the contract 0x${"cd".repeat(20)}, whose code this program does not know, tells truly who may vote`,
    en.audit.assumptions.contract(`0x${"cd".repeat(20)}`),
  ],
  [
    "voters who are not the round's members are those whom its funders expected",
    en.audit.assumptions.others(),
  ],
  [
    `the contract 0x${"ef".repeat(20)} rejects none but false roots`,
    en.audit.assumptions.disputes(`0x${"ef".repeat(20)}`),
  ],
  [
    `the contract 0x${"34".repeat(20)}, which made the poll, pays nothing by its outcome`,
    en.audit.assumptions.maker(`0x${"34".repeat(20)}`),
  ],
  [
    `the treasury 0x${"12".repeat(20)} was made with empty books`,
    en.audit.assumptions.treasury(`0x${"12".repeat(20)}`),
  ],
  ["something new", "something new"],
])("an audit assumes: %s", (assumes, says) => {
  expect(assumption(assumes)).toMatch(says);
});
