/** Paths of pages. */

import { expect, test } from "vitest";

import { routeOf } from "../../web/src/view/router.ts";

test("paths lead to their pages", () => {
  expect(routeOf("/")).toEqual({ page: "home" });
  expect(routeOf("/polls/12/audit")).toEqual({ page: "audit", id: 12n });
  expect(routeOf("/rounds/3/log")).toEqual({ page: "publicLog", id: 3n });
  expect(routeOf("/polls/12/certificate")).toEqual({ page: "certificate", id: 12n });
  expect(routeOf("/organize/new")).toEqual({ page: "newPlan" });
  expect(routeOf("/organize/team")).toEqual({ page: "team" });
  expect(routeOf("/organize/log")).toEqual({ page: "log" });
  expect(routeOf("/organize/00000000000000ff")).toEqual({ page: "plan", id: 255n });
  for (const path of [
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
