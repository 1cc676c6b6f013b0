/** Answers that are asked for before a page needs them. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Gateway, Unreachable } from "../../web/src/client/gateway.ts";
import { record, whole } from "../../web/src/client/shape.ts";
import { readFirst } from "../../web/src/pages/ahead.ts";
import { routeOf } from "../../web/src/view/router.ts";

const counted = record({ count: whole });
let asked: string[];
let nowMs: number;

beforeEach(() => {
  asked = [];
  nowMs = 0;
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  vi.stubGlobal("fetch", (url: string) => {
    asked.push(url);
    return Promise.resolve(Response.json({ count: asked.length }));
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test("the answer is taken once, and later requests are new", async () => {
  const gateway = new Gateway();
  gateway.ahead(["/polls/1", "/polls/2"]);
  expect(asked).toEqual(["/api/v1/polls/1", "/api/v1/polls/2"]);
  expect(await gateway.get("/polls/2", counted)).toEqual({ count: 2 });
  expect(await gateway.get("/polls/2", counted)).toEqual({ count: 3 });
  expect(await gateway.get("/polls/1", counted)).toEqual({ count: 1 });
});

test("an answer that waited too long is not taken", async () => {
  const gateway = new Gateway();
  gateway.ahead(["/polls/1"]);
  nowMs += 60_000;
  expect(await gateway.get("/polls/1", counted)).toEqual({ count: 2 });
});

test("whoever takes a failed answer learns of it, and may ask again", async () => {
  const gateway = new Gateway();
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network")));
  gateway.ahead(["/polls/1"]);
  await expect(gateway.get("/polls/1", counted)).rejects.toThrow(Unreachable);
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ count: 7 })));
  expect(await gateway.get("/polls/1", counted)).toEqual({ count: 7 });
});

test.each([
  ["/", ["/rounds", "/polls", "/plans?brief=true"]],
  ["/rounds/2", ["/rounds/2", "/rounds/2/proposals"]],
  ["/polls/12", ["/polls/12"]],
  ["/polls/12/results", ["/polls/12", "/polls/12/results"]],
  ["/organize", []],
  ["/nothing", []],
])("%s reads first %j", (path, paths) => {
  expect(readFirst(routeOf(path))).toEqual(paths);
});
