/** Requests of organizers to their gateway. */

import { expect, test, vi } from "vitest";

import { Organizer } from "../../web/src/client/organizing.ts";
import { readLog, signInBy } from "../../web/src/client/team.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";
import { Shelf } from "./support/shelf.ts";
import { VOTER } from "./support/votes.ts";

const SELF = {
  account: toHex(VOTER.address),
  id: "first",
  name: "Anna",
  role: "organizer",
  permissions: ["organize", "read-log"],
};

test("an organizer's transaction is awaited until it is mined", async () => {
  const patience = vi.spyOn(AbortSignal, "timeout");
  const answers = [SELF, [{ transaction: "0x00" }]];
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(answers.shift()))));
  await (await Organizer.of("token")).fund(1n, 5n);
  // Two transactions; the gateway waits two minutes for each.
  expect(patience.mock.calls.every(([ms]) => ms > 240_000)).toBe(true);
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("an unanswered request is repeated with the same key", async () => {
  const shelf = new Shelf();
  const keys: string[] = [];
  let status = 0;
  vi.stubGlobal("fetch", (url: string, { headers }: { headers: Record<string, string> }) => {
    if (url.endsWith("/organizer")) {
      return Promise.resolve(new Response(JSON.stringify(SELF)));
    }
    keys.push(headers["Idempotency-Key"] ?? "");
    if (!status) return Promise.reject(new TypeError("the connection broke"));
    const content = status === 200 ? [{ transaction: "0x00" }] : { title: "No", field: "amount" };
    return Promise.resolve(new Response(JSON.stringify(content), { status }));
  });
  for (status of [0, 503, 401, 504]) {
    // Each time from a newly opened page.
    const organizer = await Organizer.of("token", shelf);
    await expect(organizer.fund(1n, 5n)).rejects.toThrow();
  }
  const organizer = await Organizer.of("token", shelf);
  status = 200;
  await organizer.fund(1n, 5n);
  expect(keys).toHaveLength(5);
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(keys).size).toBe(1);
  // An answer or a refusal ends a request, and another amount makes another one.
  await organizer.fund(1n, 5n);
  status = 422;
  await expect(organizer.fund(1n, 5n)).rejects.toThrow();
  status = 200;
  await organizer.fund(1n, 5n);
  await organizer.fund(1n, 6n);
  expect(new Set(keys).size).toBe(5);
  expect(shelf.length).toBe(0);
  vi.unstubAllGlobals();
});

test("an organizer's role decides what the pages offer", async () => {
  const asked: string[] = [];
  const entry = {
    number: 7,
    at: 1_800_000_000,
    name: "Anna",
    role: "organizer",
    action: "poll.create",
    target: "plan 0a",
    result: "done",
    organizer: "0a",
    previous: "0x00",
    hash: "0x01",
  };
  vi.stubGlobal("fetch", (url: string, { headers }: { headers: Record<string, string> }) => {
    asked.push(`${url} ${headers["Authorization"] ?? ""}`);
    const content = url.includes("audit-log") ? { entries: [entry], before: 7 } : SELF;
    return Promise.resolve(new Response(JSON.stringify(content)));
  });
  const organizer = await Organizer.of("secret");
  expect(organizer.may("read-log")).toBe(true);
  expect(organizer.may("administer")).toBe(false);
  const { entries, before } = await readLog(organizer.gateway, 8);
  expect(entries.map(({ number }) => number)).toEqual([7]);
  expect(before).toBe(7);
  expect(asked.at(-1)).toBe("/api/v1/audit-log?limit=25&before=8 Bearer secret");
  vi.unstubAllGlobals();
});

test("a wallet signs in with the gateway's own message", async () => {
  const posted: unknown[] = [];
  vi.stubGlobal("fetch", (url: string, { body }: { body: string }) => {
    posted.push(JSON.parse(body));
    const content = url.endsWith("/message")
      ? { message: "Sign in, żółw" }
      : { token: "session.1" };
    return Promise.resolve(new Response(JSON.stringify(content)));
  });
  const wallet = {
    address: VOTER.address,
    signMessage: (text: string) => Promise.resolve(new TextEncoder().encode(`signed ${text}`)),
  };
  expect(await signInBy(wallet)).toBe("session.1");
  expect(posted).toEqual([
    { address: toHex(VOTER.address) },
    {
      message: "Sign in, żółw",
      signature: toHex(new TextEncoder().encode("signed Sign in, żółw")),
    },
  ]);
  vi.unstubAllGlobals();
});
