/** Paths of pages. */

import { expect, test } from "vitest";

import { routeOf } from "../../web/src/view/router.ts";

test("paths lead to their pages", () => {
  expect(routeOf("/")).toEqual({ page: "home" });
  expect(routeOf("/polls/12/audit")).toEqual({ page: "audit", id: 12n });
  expect(routeOf("/organize/new")).toEqual({ page: "newPlan" });
  expect(routeOf("/organize/team")).toEqual({ page: "team" });
  expect(routeOf("/organize/log")).toEqual({ page: "log" });
  expect(routeOf("/organize/00000000000000ff")).toEqual({ page: "plan", id: 255n });
  const proposal = `0x${"ab".repeat(32)}`;
  const of = { id: 3n, proposal };
  expect(routeOf(`/rounds/3/proposals/${proposal}`)).toEqual({ page: "proposal", ...of });
  expect(routeOf(`/rounds/3/proposals/${proposal}/edit`)).toEqual({ page: "revise", ...of });
  for (const path of [
    "/rounds/3/proposals/0xab",
    "/polls/0",
    "/polls/x",
    "/polls/1/",
    "/polls/1/nothing",
    "/rounds",
    "/organize/ff",
  ]) {
    expect(routeOf(path)).toEqual({ page: "missing" });
  }
});
