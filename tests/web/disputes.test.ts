/** What the page of a poll says about disputes. */

import type { ComponentChild, ComponentChildren, VNode } from "preact";
import { beforeEach, describe, expect, test } from "vitest";

import type { Disputes } from "../../web/src/client/views.ts";
import { moment, setLanguage } from "../../web/src/messages/index.ts";
import { DisputesSection } from "../../web/src/pages/disputes.tsx";
import { unixSeconds } from "../../web/src/protocol/units.ts";

const ENDS = unixSeconds(1_800_000_000n);
const DEADLINE = unixSeconds(1_800_000_060n);
const LATEST = unixSeconds(1_800_086_400n);
const COIN = 10n ** 18n;
const VOTER = new Uint8Array(20).fill(0xab);
const QUIET: Disputes = {
  disputable: true,
  contested: false,
  windowEndsAt: ENDS,
  endsAtLatest: LATEST,
  bond: COIN / 50n,
  challenges: [],
  rejections: [],
};

type Challenge = Disputes["challenges"][number];

function challenge(changes: Partial<Challenge>): Challenge {
  return {
    challenge: new Uint8Array(32),
    kind: "leaf",
    leaf: 4,
    voter: undefined,
    state: "open",
    deadline: DEADLINE,
    bond: COIN / 10n,
    ...changes,
  };
}

/** Lines of the section: one for each element that has text of its own. */
function lines(shown: Disputes, anchored = true): string[] {
  return [...linesOf(DisputesSection({ shown, anchored }))];
}

function* linesOf(child: ComponentChild): Generator<string> {
  if (child === null || typeof child !== "object") return;
  const { type, props } = child as VNode<{ children?: ComponentChildren; class?: string }>;
  const children: ComponentChild[] = [props.children].flat();
  const text = children.filter((one) => typeof one === "string" || typeof one === "number");
  if (text.length > 0) {
    const name = [type as string, ...(props.class?.split(" ") ?? [])].join(".");
    yield `${name}: ${text.join("")}`;
  }
  for (const one of children) {
    if (Array.isArray(one)) for (const each of one) yield* linesOf(each as ComponentChild);
    else yield* linesOf(one);
  }
}

beforeEach(async () => {
  await setLanguage("en");
});

describe("disputes on the page of a poll", () => {
  test("state how long the count can be disputed, and what that costs", () => {
    expect(lines(QUIET)).toEqual([
      "h2: Disputes about the count",
      `p: Anyone can dispute the count until ${moment(ENDS)}. The result is opened after that.`,
      "p.hint: Asking for a proof now requires a bond of at least 0.02 in the blockchain’s native coin. If the count is false, the bond is returned.",
    ]);
  });

  test("state that the result waits for an open challenge, and which", () => {
    const challenges = [
      challenge({}),
      challenge({ challenge: new Uint8Array(32).fill(1), leaf: 0, state: "answered" }),
      challenge({ kind: "omission", leaf: undefined, voter: VOTER, state: "closed" }),
    ];
    const deadline = moment(DEADLINE);
    expect(lines({ ...QUIET, contested: true, challenges })).toEqual([
      "h2: Disputes about the count",
      `p.notice.warn: Someone asked for a proof. The result waits for it, until ${moment(LATEST)} at the latest.`,
      `li: Proof of ballot 5 in the count, due ${deadline}: waiting for an answer. Bond in the blockchain’s native coin: 0.1.`,
      `li: Proof of ballot 1 in the count, due ${deadline}: answered; the count was right. Bond in the blockchain’s native coin: 0.1.`,
      expect.stringContaining(`li: Missing ballot of 0xabab`),
      "p.hint: Asking for a proof now requires a bond of at least 0.02 in the blockchain’s native coin. If the count is false, the bond is returned.",
    ]);
  });

  test("keep a rejected count, while the nodes have none and after the poll", () => {
    const { windowEndsAt: _, endsAtLatest: __, bond: ___, ...rest } = QUIET;
    const fallen: Disputes = {
      ...rest,
      windowEndsAt: undefined,
      endsAtLatest: undefined,
      bond: undefined,
      rejections: [
        { round: 0, ground: "sum" },
        { round: 1, ground: "unanswered" },
      ],
    };
    for (const anchored of [false, true]) {
      const [title, first, second, ...more] = lines(fallen, anchored);
      expect(title).toBe("h2: Disputes about the count");
      expect(first).toMatch(
        /^p\.notice\.warn: A count was rejected: .+\. The nodes must count again/,
      );
      expect(second).not.toBe(first);
      expect(more).toEqual([]);
    }
  });

  test("are not there where there is nothing to say", () => {
    expect(lines({ ...QUIET, disputable: false })).toEqual([]);
    // Before a root is anchored, and once the poll is over.
    expect(lines(QUIET, false)).toEqual([]);
  });

  test("show a state and a ground that this client does not know", () => {
    const challenges = [challenge({ state: "postponed" })];
    const rejections = [{ round: 0, ground: "moonshine" }];
    const shown = lines({ ...QUIET, challenges, rejections }).join("\n");
    expect(shown).toContain(": postponed. Bond");
    expect(shown).toContain("rejected: moonshine.");
  });

  test.each(["de", "es", "pl"] as const)("are complete in %s", async (language) => {
    const english = lines({ ...QUIET, contested: true, challenges: [challenge({})] });
    await setLanguage(language);
    const translated = lines({ ...QUIET, contested: true, challenges: [challenge({})] });
    expect(translated).toHaveLength(english.length);
    for (const [place, line] of translated.entries()) expect(line).not.toBe(english[place]);
  });
});
