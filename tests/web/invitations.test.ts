/** Invitations and their codes. */

import { describe, expect, test } from "vitest";

import {
  codeOf,
  invitationOf,
  invitationsFile,
  invitedAccounts,
  makeInvitations,
} from "../../web/src/client/invitations.ts";
import {
  freshDraft,
  freshElectorate,
  readPlanDraft,
  writeDraftAccounts,
  writePlanDraft,
} from "../../web/src/client/plan_draft.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { good, pollOf } from "./support/plans.ts";
import { Shelf } from "./support/shelf.ts";

describe("invitations", () => {
  test("put codes into a file and addresses into the specification", async () => {
    const heard: number[] = [];
    const made = await makeInvitations(51, systemRandomness, (done) => heard.push(done));
    expect(heard).toEqual([50, 51]);
    const codes = made.map(codeOf);
    expect(new Set(codes).size).toBe(51);
    const [head, first] = invitationsFile("https://gateway.example", made, 2n).split("\n");
    expect(head).toBe("code,link,address,weight");
    const address = toHex(made[0]!.address);
    const link = `https://gateway.example/register#${codes[0]}`;
    expect(first).toBe([codes[0], link, address, "2"].join(","));

    const voters = { ...freshElectorate("invitations"), accounts: invitedAccounts(made, 2n) };
    const moments = { ...freshDraft().moments };
    moments["registration_closes_at"] = { ...moments["closes_at"]!, mode: "after" };
    const draft = pollOf({ voters, moments });
    const specification = good(draft);
    expect(specification["voters"]).toEqual({
      kind: "invitations",
      invitations: made.map((one) => ({ address: toHex(one.address), weight: 2 })),
    });
    // Neither the request nor the stored draft holds a code.
    const shelf = new Shelf();
    writePlanDraft(shelf, draft);
    writeDraftAccounts(shelf, draft);
    const kept = Array.from({ length: shelf.length }, (_, place) => shelf.key(place)!);
    const all = kept.map((name) => shelf.getItem(name)).join() + JSON.stringify(specification);
    for (const code of codes) expect(all).not.toContain(code);
    expect(readPlanDraft(shelf)).toEqual(draft);
  });

  test("are read from a code and from a link", async () => {
    const [one] = await makeInvitations(1, systemRandomness);
    const code = codeOf(one!);
    for (const text of [code, ` ${code.toUpperCase()}\n`, `https://g.example/register#${code}`]) {
      const read = invitationOf(text);
      expect(read?.invitation.address).toEqual(one!.address);
      expect(read?.replacement).toBeUndefined();
    }
  });

  test("have a second key after a replacement, and may be typed in groups", async () => {
    const [one, next] = await makeInvitations(2, systemRandomness);
    const text = (codeOf(one!) + codeOf(next!)).replace(/.{8}/g, "$& ");
    const read = invitationOf(text);
    expect(read?.invitation.address).toEqual(one!.address);
    expect(read?.replacement?.address).toEqual(next!.address);
  });

  test("are refused where they are no code", async () => {
    const [one] = await makeInvitations(1, systemRandomness);
    const code = codeOf(one!);
    for (const text of ["", "c0de", `${code}0`, `0${code}`, "00".repeat(32), "ff".repeat(32)]) {
      expect(invitationOf(text)).toBeUndefined();
    }
  });
});
