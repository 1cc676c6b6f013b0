/** A new code for a member: read from a file of codes, found, and saved. */

import { describe, expect, test, vi } from "vitest";

import { Gateway } from "../../web/src/client/gateway.ts";
import { invitationOf, invitationsFile } from "../../web/src/client/invitations.ts";
import { readDecisions, readReplacements } from "../../web/src/client/public_log.ts";
import { matching, newCodeFile, NoCodes, readCodes } from "../../web/src/client/replacing.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";
import { SigningKey } from "../../web/src/protocol/keys.ts";

const KEYS = [9, 10, 11].map((byte) => new SigningKey(new Uint8Array(32).fill(byte)));
const [ADA, BEN] = KEYS as [SigningKey, SigningKey];
const code = (key: SigningKey) => toHex(key.secret()).slice(2);

describe("a file of codes", () => {
  test("of this website has no names", async () => {
    const found = await readCodes(invitationsFile("https://vote.example", KEYS, 1n));
    expect(found.map(({ invitation }) => invitation.address)).toEqual(
      KEYS.map(({ address }) => address),
    );
    expect(found.every(({ name, postalAddress }) => !name && !postalAddress)).toBe(true);
  });

  test("of the command line has names, quoted where that is needed", async () => {
    const rows = [
      `${code(ADA)},0x1,1,"Nowak, Ada ""A""","Main St 1\nTown"`,
      `${code(BEN)},0x2,1,Ben,`,
    ];
    const found = await readCodes(
      ["code,invitation,weight,name,postal_address", ...rows].join("\n"),
    );
    expect(found[0]).toMatchObject({ name: 'Nowak, Ada "A"', postalAddress: "Main St 1\nTown" });
    expect(matching(found, "nowak")).toEqual([found[0]]);
    expect(matching(found, "MAIN st")).toEqual([found[0]]);
    expect(matching(found, toHex(BEN.address).toUpperCase().replace("0X", "0x"))).toEqual([
      found[1],
    ]);
    expect(matching(found, code(BEN))).toEqual([found[1]]);
    expect(matching(found, " ")).toEqual([]);
    expect(matching(found, "nobody")).toEqual([]);
    // The new code's file reads as the old one does.
    const next = new SigningKey(new Uint8Array(32).fill(12));
    const again = newCodeFile("https://vote.example", found[0]!, next);
    const [reread] = await readCodes(again);
    expect(reread).toEqual(found[0]);
    const written = invitationOf(again.split("\n")[1]!.split(",")[0]!);
    expect(written?.replacement?.address).toEqual(next.address);
  });

  test.each([
    ["nothing", "", 1],
    ["no column of codes", "name\nAda", 1],
    ["no rows", "code", 1],
    ["a wrong code", `code\n${code(ADA)}\n0x12`, 3],
    ["open quotes", `code,name\n${code(ADA)},"Ada`, 2],
  ])("with %s is refused with its line", async (_, text, line) => {
    await expect(readCodes(text)).rejects.toEqual(new NoCodes(line));
  });
});

test("the public log is read in parts", async () => {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (url: string) => {
    asked.push(url);
    const entry = {
      number: 1,
      at: 1_800_000_000,
      block: 1,
      transaction: "0x00",
      invitation: toHex(ADA.address),
      former_key: null,
      code: toHex(BEN.address),
      reason: null,
    };
    const content = url.includes("moderation")
      ? { entries: [], next: null }
      : { total: 51, replacements: [entry], next: null };
    return Promise.resolve(new Response(JSON.stringify(content)));
  });
  const { replacements } = await readReplacements(new Gateway(), 7n, 2);
  expect(replacements[0]).toMatchObject({ formerKey: undefined, reason: undefined });
  await readReplacements(new Gateway(), 7n);
  await readDecisions(new Gateway(), 7n, 3);
  expect(asked).toEqual([
    "/api/v1/rounds/7/replacements?before=2",
    "/api/v1/rounds/7/replacements",
    "/api/v1/rounds/7/moderation?after=3",
  ]);
  vi.unstubAllGlobals();
});
