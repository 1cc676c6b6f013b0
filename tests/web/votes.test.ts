/** Ballots and receipts that a browser stores. */

import { describe, expect, test } from "vitest";

import { sign, Superseded } from "../../web/src/client/casting.ts";
import { SavedVotes } from "../../web/src/client/votes.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";
import { Malformed } from "../../web/src/protocol/errors.ts";
import { unixSeconds } from "../../web/src/protocol/units.ts";
import { Shelf } from "./support/shelf.ts";
import { castIn, POLL, pollOf, receiptOf, sealedFor, VOTER } from "./support/votes.ts";

describe("votes", () => {
  test("are restored with verified receipts", () => {
    const shelf = new Shelf();
    const votes = SavedVotes.open(shelf, POLL, VOTER.address);
    expect(votes.last).toBeUndefined();
    const ballot = castIn(votes, votes.nextCastAt(unixSeconds(150)));
    for (const node of [1, 2]) votes.keep(ballot, node, receiptOf(node, votes, ballot));
    expect(votes.recorded(ballot)).toBe(false);
    votes.keep(ballot, 4, receiptOf(4, votes, ballot));
    expect(votes.recorded(ballot)).toBe(true);
    votes.save(shelf);
    const again = SavedVotes.open(shelf, POLL, VOTER.address);
    expect([...again.last!.receipts.keys()]).toEqual([1, 2, 4]);
    expect(again.last!.digest).toEqual(ballot.digest);
    // Later than all earlier versions, whatever the chain's time is.
    expect(again.nextCastAt(unixSeconds(150))).toBe(151n);
    expect(SavedVotes.parse(again.toText()).toText()).toBe(votes.toText());
    expect(SavedVotes.all(shelf, POLL).map(({ voter }) => voter)).toEqual([VOTER.address]);
    expect(SavedVotes.all(shelf, pollOf({ closesAt: 201n }))).toEqual([]);
  });

  test("refuse receipts of other nodes and for other ballots", () => {
    const votes = new SavedVotes(POLL, VOTER.address);
    const ballot = castIn(votes, 150n);
    const other = castIn(votes, 151n);
    const good = receiptOf(1, votes, ballot);
    const tampered = good.slice();
    tampered[40]! ^= 1;
    for (const [node, signature] of [
      [2, good],
      [1, receiptOf(1, votes, other)],
      [1, tampered],
      [1, good.subarray(1)],
      [0, good],
      [5, good],
    ] as const) {
      expect(() => {
        votes.keep(ballot, node, signature);
      }).toThrow(Malformed);
    }
    expect(ballot.receipts.size).toBe(0);
  });

  test.each([
    ["no JSON", () => "{"],
    ["another format", (file: string) => file.replace("votes/v2", "votes/v1")],
    ["a ballot cut short", (file: string) => file.replace(/("ballot": "0x)../, "$1")],
    [
      "a receipt changed",
      (file: string) => file.replace(/("signature": "0x)[^"]{4}(?=[^"]*"\n\s*}\n\s*])/, "$1dead"),
    ],
    ["another voter", (file: string) => file.replace(/("voter": "0x)../, "$100")],
    [
      "a member twice",
      (file: string) => file.replace(/"voter": /, '"voter": "0x", "\\u0076oter": '),
    ],
    ["half a character", (file: string) => file.replace(/"voter": /, '"x": "\\ud800", "voter": ')],
  ])("that are damaged are refused: %s", (_, damage) => {
    const votes = new SavedVotes(POLL, VOTER.address);
    const ballot = castIn(votes, 150n);
    votes.keep(ballot, 1, receiptOf(1, votes, ballot));
    const file = damage(votes.toText());
    expect(file).not.toBe(votes.toText());
    expect(() => SavedVotes.parse(file)).toThrow(Malformed);
  });
});

describe("votes in two windows", () => {
  const windows = () => {
    const shelf = new Shelf();
    const [one, other] = [0, 1].map(() => SavedVotes.open(shelf, POLL, VOTER.address));
    return { shelf, one: one!, other: other! };
  };
  const digests = (votes: SavedVotes) => votes.ballots.map(({ digest }) => toHex(digest));

  test("keep ballots and receipts of each other", async () => {
    const { shelf, one, other } = windows();
    const first = await sign(shelf, one, VOTER, sealedFor(one, unixSeconds(150)));
    other.refresh(shelf);
    const second = await sign(
      shelf,
      other,
      VOTER,
      sealedFor(other, other.nextCastAt(unixSeconds(150))),
    );
    one.keep(first, 1, receiptOf(1, one, first));
    one.save(shelf);
    other.keep(second, 2, receiptOf(2, other, second));
    other.save(shelf);
    const kept = SavedVotes.open(shelf, POLL, VOTER.address);
    expect(digests(kept)).toEqual([first, second].map(({ digest }) => toHex(digest)));
    expect(kept.ballots.map(({ receipts }) => [...receipts.keys()])).toEqual([[1], [2]]);
    expect(kept.last!.castAtUnixS).toBe(151n);
  });

  test("refuse to cast a ballot that is superseded", async () => {
    const { shelf, one, other } = windows();
    const [sealed, elsewhere] = [
      sealedFor(one, unixSeconds(150)),
      sealedFor(other, unixSeconds(150)),
    ];
    await sign(shelf, other, VOTER, elsewhere);
    await expect(sign(shelf, one, VOTER, sealed)).rejects.toThrow(Superseded);
    expect(digests(one)).toEqual([toHex(elsewhere.digest)]);
    expect(one.nextCastAt(unixSeconds(150))).toBe(151n);
  });

  test("refuse to cast a ballot that cannot be stored", async () => {
    const { shelf, one } = windows();
    shelf.room = 0;
    await expect(sign(shelf, one, VOTER, sealedFor(one, unixSeconds(150)))).rejects.toThrow(
      DOMException,
    );
    // It may still be challenged, so nothing remains that could be sent.
    expect(one.last).toBeUndefined();
  });
});

test("the verdict on the count follows from the receipts", () => {
  const votes = new SavedVotes(POLL, VOTER.address);
  const [first, second, third] = [150n, 151n, 152n].map((castAt) => castIn(votes, castAt));
  const record = (ballot: typeof first) => {
    for (const node of [1, 2, 3]) votes.keep(ballot!, node, receiptOf(node, votes, ballot!));
  };
  // No ballot was recorded, so none had to be counted.
  expect(votes.verdict(undefined)).toBe("unrecorded");
  record(second);
  expect(votes.verdict(undefined)).toBe("no");
  expect(votes.verdict(first!.digest)).toBe("older");
  expect(votes.verdict(second!.digest)).toBe("unrecorded");
  expect(votes.verdict(third!.digest)).toBe("yes");
  expect(votes.verdict(new Uint8Array(32))).toBe("older");
  record(third);
  expect(votes.verdict(second!.digest)).toBe("older");
});
