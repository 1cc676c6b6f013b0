/** Requests of organizers to their gateway. */

import { expect, test, vi } from "vitest";

import { Organizer } from "../../web/src/client/organizing.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";
import { Shelf } from "./support/shelf.ts";
import { VOTER } from "./support/votes.ts";

test("an organizer's transaction is awaited until it is mined", async () => {
  const patience = vi.spyOn(AbortSignal, "timeout");
  const answers = [{ account: toHex(VOTER.address) }, [{ transaction: "0x00" }]];
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
      return Promise.resolve(new Response(JSON.stringify({ account: toHex(VOTER.address) })));
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
