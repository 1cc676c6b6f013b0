/** The chain of the audit log, as the gateway writes it: every change of an entry is found. */

import { expect, test, vi } from "vitest";

import { flawIn, logFile } from "../../web/src/client/audit_chain.ts";
import { Gateway } from "../../web/src/client/gateway.ts";
import { type LogEntry, readWholeLog } from "../../web/src/client/team.ts";
import { unixSeconds } from "../../web/src/protocol/units.ts";
import { vectors } from "./support/vectors.ts";

/** Entries that the gateway's own code wrote. */
const WRITTEN = vectors<{ entries: (Omit<LogEntry, "at"> & { at: number })[] }>(
  "gateway/audit_log",
).entries;
const ENTRIES: readonly LogEntry[] = WRITTEN.map((one) => ({ ...one, at: unixSeconds(one.at) }));

test("a log of the gateway is intact", () => {
  expect(ENTRIES).toHaveLength(5);
  expect(flawIn(ENTRIES)).toBeUndefined();
  expect(flawIn([])).toBeUndefined();
  expect(JSON.parse(logFile(ENTRIES))).toEqual({ entries: WRITTEN });
});

test.each(["at", "organizer", "name", "role", "action", "target", "result"] as const)(
  "a changed %s is found",
  (member) => {
    const changed = { ...ENTRIES[2]!, [member]: member === "at" ? unixSeconds(1) : "other" };
    expect(flawIn([...ENTRIES.slice(0, 2), changed, ...ENTRIES.slice(3)])).toEqual({
      number: 3,
      kind: "changed",
    });
  },
);

test("removed, inserted and swapped entries are found", () => {
  const [one, two, three] = ENTRIES as [LogEntry, LogEntry, LogEntry];
  expect(flawIn([one, three])).toEqual({ number: 2, kind: "missing" });
  expect(flawIn([two, three])).toEqual({ number: 1, kind: "missing" });
  expect(flawIn([one, one])).toEqual({ number: 2, kind: "missing" });
  expect(flawIn([one, { ...two, number: 1 }])).toEqual({ number: 2, kind: "missing" });
  expect(flawIn([one, { ...three, number: 2 }])).toEqual({ number: 2, kind: "unlinked" });
  expect(flawIn([{ ...one, hash: two.hash }])).toEqual({ number: 1, kind: "changed" });
});

test("the whole log is read in parts", async () => {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (url: string) => {
    asked.push(url);
    const newest = WRITTEN.toReversed();
    const content = url.includes("before")
      ? { entries: newest.slice(2), before: null }
      : { entries: newest.slice(0, 2), before: 4 };
    return Promise.resolve(new Response(JSON.stringify(content)));
  });
  const counts: number[] = [];
  const found = await readWholeLog(new Gateway(), (done) => counts.push(done));
  vi.unstubAllGlobals();
  expect(found).toEqual(ENTRIES);
  expect(counts).toEqual([2, 5]);
  expect(asked).toEqual(["/api/v1/audit-log?limit=500", "/api/v1/audit-log?limit=500&before=4"]);
});
