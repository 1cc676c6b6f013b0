/** Phases of rounds and polls: what goes on, and which moment comes next. */

import { describe, expect, test } from "vitest";

import {
  nextOfPoll,
  phaseOfPoll,
  nextOfRound,
  phaseOfRound,
  stageOf,
  stepOf,
  takesRegistrations,
} from "../../web/src/client/phases.ts";
import type { PollSummary, Round } from "../../web/src/client/views.ts";
import { unixSeconds } from "../../web/src/protocol/units.ts";

const AT = unixSeconds;
const TIMES = {
  proposalsOpenAt: AT(10n),
  proposalsCloseAt: AT(20n),
  votingOpensAt: AT(30n),
  votingClosesAt: AT(40n),
};

test.each([
  [9n, "proposalsOpen", 10n],
  [10n, "proposalsClose", 20n],
  [20n, "votingOpens", 30n],
  [30n, "votingCloses", 40n],
  [40n, "votingClosed", 40n],
])("at %s a round waits for %s", (now, kind, at) => {
  expect(nextOfRound(TIMES, AT(now))).toEqual({ kind, at: AT(at) });
});

test("a poll waits for its opening, then for its end", () => {
  const poll = { opensAt: AT(30n), closesAt: AT(40n) } as PollSummary;
  expect(nextOfPoll(poll, AT(29n)).kind).toBe("votingOpens");
  expect(nextOfPoll(poll, AT(39n)).kind).toBe("votingCloses");
  expect(nextOfPoll(poll, AT(40n)).kind).toBe("votingClosed");
});

test.each([
  ["created", 29n, "created"],
  ["open", 29n, "created"],
  ["open", 30n, "open"],
  ["open", 40n, "closed"],
  ["closed", 40n, "closed"],
  ["anchored", 41n, "closed"],
  ["releasable", 42n, "closed"],
  ["tallied", 43n, "tallied"],
  ["void", 43n, "void"],
])("a poll that is %s at %s is in the phase %s", (status, now, phase) => {
  expect(phaseOfPoll({ status, opensAt: AT(30n), closesAt: AT(40n) }, AT(now))).toBe(phase);
});

describe("a round's phase", () => {
  const phase = (status: string, now: bigint) => {
    return phaseOfRound({ ...TIMES, status } as Round, AT(now));
  };

  test("tells when voting is not open yet, open, and over", () => {
    expect(phase("voting", 29n)).toBe("ready");
    expect(phase("voting", 30n)).toBe("voting");
    expect(phase("voting", 40n)).toBe("closed");
  });

  test("is its status otherwise", () => {
    expect(phase("proposing", 15n)).toBe("proposing");
    expect(phase("expired", 99n)).toBe("decided");
  });

  test.each([
    ["announced", "later", 0, false],
    ["proposing", "now", 0, true],
    ["ready", "later", 1, false],
    ["voting", "now", 1, true],
    ["closed", "over", 2, true],
    ["decided", "over", 3, true],
    ["void", "over", 4, false],
  ] as const)("%s is %s", (name, stage, step, begun) => {
    expect(stageOf(name)).toBe(stage);
    expect(stepOf(name)).toEqual({ step, begun });
  });
});

test.each([
  ["a poll by invitation", {}, true],
  ["a poll of token holders", { invitations: { issued: 0 } }, false],
  ["a poll with a fixed list of voters", { censusFixed: true }, false],
  ["a poll on the chain", { poll: 1n }, false],
  ["a round", { round: 1n }, false],
] as const)("registration for %s", (_, changed, open) => {
  const plan = {
    round: undefined,
    poll: undefined,
    censusFixed: false,
    invitations: { issued: 5 },
  };
  expect(takesRegistrations({ ...plan, ...changed })).toBe(open);
});
