/** The client without its pages: what it keeps, reads, and lets pass. */

import { afterEach, describe, expect, test, vi } from "vitest";

import { bitsOf, problemOf, readEntries } from "../../web/src/client/answers.ts";
import { sealVote, send, sign, Superseded } from "../../web/src/client/casting.ts";
import { dropDraft, readDraft, writeDraft } from "../../web/src/client/drafts.ts";
import {
  forgetKey,
  keepKey,
  keptKeys,
  lock,
  readLocked,
  readPlainKey,
  unlock,
  WrongPassphrase,
} from "../../web/src/client/key_file.ts";
import { Gateway, Refusal } from "../../web/src/client/gateway.ts";
import { keyOfWords, wordsOfKey } from "../../web/src/client/key_words.ts";
import { carriedBy } from "../../web/src/client/noted.ts";
import { Organizer } from "../../web/src/client/organizing.ts";
import { compare, pollFromJson, pollJson, pollToJson } from "../../web/src/client/poll.ts";
import { decidedByOrder, reasonsOf } from "../../web/src/client/reasons.ts";
import { bytes, decimal, list, optional, record, text, whole } from "../../web/src/client/shape.ts";
import { SavedVotes } from "../../web/src/client/votes.ts";
import type { Results } from "../../web/src/client/views.ts";
import { amount, readAmount } from "../../web/src/messages/index.ts";
import { toHex, utf8 } from "../../web/src/protocol/encoding.ts";
import { Malformed, Rejected } from "../../web/src/protocol/errors.ts";
import { parseJson } from "../../web/src/protocol/json.ts";
import { SigningKey } from "../../web/src/protocol/keys.ts";
import { BallotFactory, ballotStatement } from "../../web/src/protocol/prepare.ts";
import { Points } from "../../web/src/protocol/question/amounts.ts";
import { Plurality } from "../../web/src/protocol/outcome/plurality.ts";
import { OpenPoll } from "../../web/src/protocol/published.ts";
import type { Entries } from "../../web/src/protocol/question/entries.ts";
import { readQuestions } from "../../web/src/protocol/question/poll.ts";
import { SingleChoice } from "../../web/src/protocol/question/selection.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { receiptStatement } from "../../web/src/protocol/receipts.ts";
import { disambiguate } from "../../web/src/protocol/question/votes.ts";
import { routeOf } from "../../web/src/view/router.ts";
import { WorkerClient } from "../../web/src/workshop/client.ts";
import { publicKeyOf } from "./support/poll_keys.ts";
import { openDataOf, type Wanted } from "./support/polls.ts";
import { Shelf } from "./support/shelf.ts";

const NODES = [1, 2, 3, 4].map((byte) => new SigningKey(new Uint8Array(32).fill(byte)));
const QUESTION = { kind: "single_choice", title: "Where?", options: ["Here", "There"] };

const PARTS = {
  rule: new SingleChoice("Where?", QUESTION.options).rule,
  description: { title: "Where?", options: QUESTION.options, questions: [QUESTION] },
  members: NODES.map(({ address }, place) => ({ address, url: `https://${place}.example` })),
  pollKeys: [5, 6, 7, 8].map((byte) => publicKeyOf(new Uint8Array(32).fill(byte))),
  threshold: 2,
  faults: 1,
};

function pollOf(changes: Partial<Wanted> = {}): OpenPoll {
  return new OpenPoll(openDataOf({ ...PARTS, ...changes }));
}

const POLL = pollOf();
const VOTER = new SigningKey(new Uint8Array(32).fill(77));

function sealedFor({ poll }: SavedVotes, castAtUnixS: bigint) {
  const { rule, committee, context, pollKeys } = poll;
  const factory = new BallotFactory(rule, committee.threshold, context, pollKeys);
  return factory.seal(factory.share(VOTER.address, [0n, 1n], castAtUnixS));
}

function castIn(votes: SavedVotes, castAt: bigint) {
  const sealed = sealedFor(votes, castAt);
  const { context, domain } = votes.poll;
  const statement = ballotStatement(context, sealed, sealed.boxesHash);
  const signature = VOTER.sign(domain.digest(...statement));
  return votes.add({ ballot: sealed.encoded, boxes: sealed.boxes, signature });
}

function receiptOf(node: number, votes: SavedVotes, ballot: Parameters<SavedVotes["keep"]>[0]) {
  const digest = votes.poll.domain.digest(...receiptStatement(votes.poll.context, ballot));
  return NODES[node - 1]!.sign(digest);
}

describe("votes", () => {
  test("survive, with receipts that are checked again", () => {
    const shelf = new Shelf();
    const votes = SavedVotes.open(shelf, POLL, VOTER.address);
    expect(votes.last).toBeUndefined();
    const ballot = castIn(votes, votes.nextCastAt(150n));
    for (const node of [1, 2]) votes.keep(ballot, node, receiptOf(node, votes, ballot));
    expect(votes.recorded(ballot)).toBe(false);
    votes.keep(ballot, 4, receiptOf(4, votes, ballot));
    expect(votes.recorded(ballot)).toBe(true);
    votes.save(shelf);
    const again = SavedVotes.open(shelf, POLL, VOTER.address);
    expect([...again.last!.receipts.keys()]).toEqual([1, 2, 4]);
    expect(again.last!.digest).toEqual(ballot.digest);
    // A version later than all before it, whatever the chain's clock says.
    expect(again.nextCastAt(150n)).toBe(151n);
    expect(SavedVotes.parse(again.toText()).toText()).toBe(votes.toText());
    expect(SavedVotes.all(shelf, POLL).map(({ voter }) => voter)).toEqual([VOTER.address]);
    expect(SavedVotes.all(shelf, pollOf({ closesAt: 201n }))).toEqual([]);
  });

  test("take no receipt of another node, for another ballot, or of nobody", () => {
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

  test("lose no ballot and no receipt of the other", async () => {
    const { shelf, one, other } = windows();
    const first = await sign(shelf, one, VOTER, sealedFor(one, 150n));
    other.refresh(shelf);
    const second = await sign(shelf, other, VOTER, sealedFor(other, other.nextCastAt(150n)));
    one.keep(first, 1, receiptOf(1, one, first));
    one.save(shelf);
    other.keep(second, 2, receiptOf(2, other, second));
    other.save(shelf);
    const kept = SavedVotes.open(shelf, POLL, VOTER.address);
    expect(digests(kept)).toEqual([first, second].map(({ digest }) => toHex(digest)));
    expect(kept.ballots.map(({ receipts }) => [...receipts.keys()])).toEqual([[1], [2]]);
    expect(kept.last!.castAtUnixS).toBe(151n);
  });

  test("cast none that another one has overtaken", async () => {
    const { shelf, one, other } = windows();
    const [sealed, elsewhere] = [sealedFor(one, 150n), sealedFor(other, 150n)];
    await sign(shelf, other, VOTER, elsewhere);
    await expect(sign(shelf, one, VOTER, sealed)).rejects.toThrow(Superseded);
    expect(digests(one)).toEqual([toHex(elsewhere.digest)]);
    expect(one.nextCastAt(150n)).toBe(151n);
  });

  test("cast none that this device cannot keep", async () => {
    const { shelf, one } = windows();
    shelf.room = 0;
    await expect(sign(shelf, one, VOTER, sealedFor(one, 150n))).rejects.toThrow(DOMException);
    // It may still be challenged: nothing is left that could be sent.
    expect(one.last).toBeUndefined();
  });
});

describe("a ballot that the gateway refuses", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const answer = (content: unknown, status: number) => {
    return Promise.resolve(new Response(JSON.stringify(content), { status }));
  };

  test("goes to the nodes, whose word counts", async () => {
    const shelf = new Shelf();
    const votes = new SavedVotes(POLL, VOTER.address);
    const ballot = castIn(votes, 150n);
    const closed = "urn:ostraka:problem:poll-closed";
    let nodesTake = true;
    vi.stubGlobal("fetch", (url: string) => {
      const node = POLL.committee.members.findIndex((member) => url.startsWith(member.url)) + 1;
      if (!node) return answer({ title: "Not eligible", detail: "by the gateway" }, 403);
      if (!nodesTake) return answer({ type: closed, detail: "by a node" }, 409);
      return answer({ signature: toHex(receiptOf(node, votes, ballot)) }, 200);
    });
    await send(new Gateway(), shelf, votes, ballot, () => undefined);
    expect(votes.recorded(ballot)).toBe(true);
    nodesTake = false;
    ballot.receipts.clear();
    shelf.removeItem(shelf.key(0)!);
    const refused = send(new Gateway(), shelf, votes, ballot, () => undefined);
    await expect(refused).rejects.toMatchObject({
      name: Refusal.name,
      problem: { code: "poll-closed", detail: "by a node" },
    });
  });

  test.each([
    ["urn:ostraka:problem:poll-closed", [1], "by the gateway"],
    ["urn:ostraka:problem:poll-closed", [1, 2], "by a node"],
    ["urn:ostraka:problem:poll-secret-lost", [1, 2, 3, 4], "by the gateway"],
    ["https://evil.example/pay", [1, 2, 3, 4], "by the gateway"],
  ])(
    "is refused for a reason of more nodes than may lie: %s by %j",
    async (type, liars, detail) => {
      const votes = new SavedVotes(POLL, VOTER.address);
      const ballot = castIn(votes, 150n);
      vi.stubGlobal("fetch", (url: string) => {
        const node = POLL.committee.members.findIndex((member) => url.startsWith(member.url)) + 1;
        if (!node) return answer({ title: "Nodes unreachable", detail: "by the gateway" }, 503);
        if (!liars.includes(node)) return Promise.reject(new TypeError("no connection"));
        return answer({ type, detail: "by a node" }, 409);
      });
      const refused = send(new Gateway(), new Shelf(), votes, ballot, () => undefined);
      await expect(refused).rejects.toMatchObject({ name: Refusal.name, problem: { detail } });
    },
  );
});

test.each([
  [99n, "poll-not-open"],
  [200n, "poll-closed"],
  [201n, "poll-closed"],
])("no ballot is sealed at %s, when nobody may vote", async (nowUnixS, code) => {
  const votes = new SavedVotes(POLL, VOTER.address);
  const worker = new WorkerClient();
  const run = vi.spyOn(worker, "run");
  const sealing = sealVote(worker, new Shelf(), votes, [0n, 1n], nowUnixS, () => undefined);
  await expect(sealing).rejects.toMatchObject({ name: Refusal.name, problem: { code } });
  expect(run).not.toHaveBeenCalled();
});

test("a ballot is sealed until the last second of voting", async () => {
  const votes = new SavedVotes(POLL, VOTER.address);
  const worker = new WorkerClient();
  const sealed = sealedFor(votes, 199n);
  vi.spyOn(worker, "run").mockResolvedValue(sealed);
  const sealing = sealVote(worker, new Shelf(), votes, [0n, 1n], 199n, () => undefined);
  await expect(sealing).resolves.toBe(sealed);
});

test("problems of nodes travel as objects, each with its code", async () => {
  const votes = new SavedVotes(POLL, VOTER.address);
  const ballot = castIn(votes, 150n);
  const [late, full] = ["poll-closed", "node-busy"].map((code) => {
    return { type: `urn:ostraka:problem:${code}`, title: "A title", status: 409 };
  });
  vi.stubGlobal("fetch", (url: string) => {
    const node = POLL.committee.members.findIndex((member) => url.startsWith(member.url)) + 1;
    if (node === 2) return Promise.resolve(new Response(JSON.stringify(late), { status: 409 }));
    if (node === 3) return Promise.reject(new TypeError("no connection"));
    if (node === 4) return Promise.resolve(new Response('{"signature": "0x00"}'));
    const signature = toHex(receiptOf(1, votes, ballot));
    const refusals = [2, 3, 4].map((number) => ({ node: number, problem: full }));
    return Promise.resolve(
      new Response(JSON.stringify({ receipts: [{ node: 1, signature }], refusals })),
    );
  });
  const refusals = await send(new Gateway(), new Shelf(), votes, ballot, () => undefined);
  const codes = [...refusals].map(([node, { code }]) => [node, code]);
  expect(codes).toEqual([
    [2, "poll-closed"],
    [3, "node-unreachable"],
    [4, "answer-invalid"],
  ]);
  vi.unstubAllGlobals();
});

describe("a ballot among the silent", () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const never = () => new Promise<Response>(() => undefined);
  const sent = (silent: (node: number) => boolean, gateway: () => Promise<Response>) => {
    const shelf = new Shelf();
    const votes = new SavedVotes(POLL, VOTER.address);
    const ballot = castIn(votes, 150n);
    const asked: number[] = [];
    vi.useFakeTimers();
    vi.stubGlobal("fetch", (url: string) => {
      const node = POLL.committee.members.findIndex((member) => url.startsWith(member.url)) + 1;
      if (!node) return gateway();
      asked.push(node);
      if (silent(node)) return never();
      const signature = toHex(receiptOf(node, votes, ballot));
      return Promise.resolve(new Response(JSON.stringify({ signature })));
    });
    const hear = vi.fn();
    return { votes, ballot, asked, hear, sending: send(new Gateway(), shelf, votes, ballot, hear) };
  };
  const refusing = () => Promise.resolve(new Response("{}", { status: 503 }));

  test("node is recorded at a quorum, and shown with it", async () => {
    const { votes, ballot, hear, sending } = sent((node) => node === 4, refusing);
    await vi.advanceTimersByTimeAsync(900);
    expect(votes.recorded(ballot)).toBe(true);
    expect(hear).toHaveBeenCalledTimes(4);
    await vi.advanceTimersByTimeAsync(200);
    // Nothing is said against a node that is still asked.
    expect((await sending).size).toBe(0);
    expect([...ballot.receipts.keys()].sort()).toEqual([1, 2, 3]);
  });

  test("gateway goes to the nodes after a while", async () => {
    const { votes, ballot, asked, sending } = sent((node) => node === 2, never);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_500);
    await sending;
    expect(asked).toEqual([1, 2, 3, 4]);
    expect(votes.recorded(ballot)).toBe(true);
  });

  test("nodes leave too few receipts, and are waited for", async () => {
    const { votes, ballot, sending } = sent((node) => node > 2, refusing);
    const done = vi.fn();
    void sending.then(done);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(ballot.receipts.size).toBe(2);
    expect(votes.recorded(ballot)).toBe(false);
    expect(done).not.toHaveBeenCalled();
  });
});

test("what an organizer sends to the chain is waited for until it is mined", async () => {
  const patience = vi.spyOn(AbortSignal, "timeout");
  const answers = [{ account: toHex(VOTER.address) }, [{ transaction: "0x00" }]];
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(answers.shift()))));
  await (await Organizer.of("token")).fund(1n, 5n);
  // Two transactions, each of which the gateway waits two minutes for.
  expect(patience.mock.calls.every(([ms]) => ms > 240_000)).toBe(true);
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("what an organizer asks again without an answer is the same request", async () => {
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
    // Each time by a page that was opened anew.
    const organizer = await Organizer.of("token", shelf);
    await expect(organizer.fund(1n, 5n)).rejects.toThrow();
  }
  const organizer = await Organizer.of("token", shelf);
  status = 200;
  await organizer.fund(1n, 5n);
  expect(keys).toHaveLength(5);
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(keys).size).toBe(1);
  // Answered, it is over; so it is once it was refused, and another amount is another request.
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

test("a voter is told of the count what the receipts make of it", () => {
  const votes = new SavedVotes(POLL, VOTER.address);
  const [first, second, third] = [150n, 151n, 152n].map((castAt) => castIn(votes, castAt));
  const record = (ballot: typeof first) => {
    for (const node of [1, 2, 3]) votes.keep(ballot!, node, receiptOf(node, votes, ballot!));
  };
  // Nothing was recorded: nobody had to count anything.
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

test("a number that comes with its opened ballot is not noted", () => {
  const number = `0x${"ab".repeat(32)}`;
  expect(toHex(carriedBy(`#number=${number}`).number!)).toBe(number);
  expect(carriedBy("#opening=%7B%7D")).toEqual({ number: undefined, opening: "{}" });
  expect(carriedBy(`#number=${number}&opening=%7B%7D`).number).toBeUndefined();
  expect(carriedBy("#number=0x12").number).toBeUndefined();
  expect(carriedBy("")).toEqual({ number: undefined, opening: "" });
});

test.each([
  [
    ["Trees", "Park"],
    ["Trees", "Park"],
  ],
  [
    ["Trees", "Park", "Trees"],
    ["#1 Trees", "#2 Park", "#3 Trees"],
  ],
  [
    ["Trees", "Tr\u200bees "],
    ["#1 Trees", "#2 Tr\u200bees "],
  ],
  [
    ["Cafe\u0301", "Caf\u00e9"],
    ["#1 Cafe\u0301", "#2 Caf\u00e9"],
  ],
])("options that look alike are told apart: %j", (labels, shown) => {
  expect(disambiguate(labels)).toEqual(shown);
});

describe("keys", () => {
  const PASSPHRASE = "four random words";

  test("open by their passphrase alone", async () => {
    const shelf = new Shelf();
    const locked = await lock(VOTER, PASSPHRASE, systemRandomness);
    expect(locked.content).not.toContain(toHex(VOTER.secret()).slice(2));
    keepKey(shelf, locked);
    keepKey(shelf, locked);
    const [kept] = keptKeys(shelf);
    expect(keptKeys(shelf)).toHaveLength(1);
    expect((await unlock(kept!, PASSPHRASE)).secret()).toEqual(VOTER.secret());
    // One passphrase, however it was typed.
    const accented = await lock(VOTER, "cafe\u0301 au lait", systemRandomness);
    expect((await unlock(accented, "caf\u00e9 au lait")).address).toEqual(VOTER.address);
    await expect(unlock(kept!, "four random word")).rejects.toThrow(WrongPassphrase);
    forgetKey(shelf, VOTER.address);
    expect(keptKeys(shelf)).toEqual([]);
  });

  test("are bound to their address", async () => {
    const locked = await lock(VOTER, PASSPHRASE, systemRandomness);
    const other = toHex(NODES[0]!.address);
    const forged = readLocked(locked.content.replace(toHex(VOTER.address), other));
    await expect(unlock(forged, PASSPHRASE)).rejects.toThrow(WrongPassphrase);
  });

  test("need a passphrase that is not short", async () => {
    await expect(lock(VOTER, "too short", systemRandomness)).rejects.toThrow(RangeError);
  });

  test("of the command line are read; nothing else is", () => {
    const digits = toHex(VOTER.secret()).slice(2);
    expect(readPlainKey(`${digits}\n`)?.address).toEqual(VOTER.address);
    expect(readPlainKey(digits.slice(1))).toBeUndefined();
    expect(() => readPlainKey("0".repeat(64))).toThrow(RangeError);
    for (const content of ["", "{}", '{"format": "ostraka/key/v2"}', "[1]"]) {
      expect(() => readLocked(content)).toThrow(Malformed);
    }
  });

  test("whose file asks for endless work are refused", async () => {
    const { content } = await lock(VOTER, PASSPHRASE, systemRandomness);
    expect(() => readLocked(content.replace("600000", "90000000000"))).toThrow(Malformed);
  });
});

test("drafts are kept until they are dropped", () => {
  const shelf = new Shelf();
  expect(readDraft(shelf, POLL.context)).toBeUndefined();
  writeDraft(shelf, POLL.context, [{ chosen: [1], amounts: [] }]);
  expect(readDraft(shelf, POLL.context)).toEqual([{ chosen: [1], amounts: [] }]);
  expect(readDraft(shelf, new Uint8Array(32))).toBeUndefined();
  dropDraft(shelf, POLL.context);
  expect(shelf.length).toBe(0);
});

describe("answers", () => {
  const answer = (chosen: number[], ...amounts: string[]): Entries => ({ chosen, amounts });
  const [approval, knapsack, points, split, ranking, cross, number] = readQuestions(
    parseJson(
      utf8(
        JSON.stringify([
          {
            kind: "approval",
            title: "A",
            options: ["a", "b", "c"],
            at_least: 1,
            at_most: 2,
            caps: [{ options: [0, 1], at_most: 1 }],
          },
          { kind: "knapsack", title: "K", options: ["a", "b"], costs: [3, 4], budget: 5 },
          { kind: "points", title: "P", options: ["a", "b"], credits: 5, at_least: 2 },
          { kind: "split", title: "S", options: ["a", "b"] },
          { kind: "ranking", title: "R", options: ["a", "b", "c"], scores: [2, 1], at_least: 1 },
          { kind: "cross_tabulation", title: "C", rows: ["a", "b"], columns: ["c", "d"] },
          { kind: "number", title: "N", low: -5, high: 5, unit: "°", groups: ["n", "s"] },
        ]),
      ),
      "questions",
    ),
  );

  test.each([
    [approval, answer([]), { kind: "few", least: 1 }],
    [approval, answer([0, 1, 2]), { kind: "many", most: 2 }],
    [approval, answer([0, 1]), { kind: "cap" }],
    [approval, answer([0, 2]), undefined],
    [knapsack, answer([0, 1]), { kind: "budget", amount: 2n }],
    [knapsack, answer([]), undefined],
    [points, answer([], "1"), { kind: "less", amount: 1n }],
    [points, answer([], "5", "2"), { kind: "over", amount: 2n }],
    [points, answer([], "1.5"), { kind: "whole", option: 0 }],
    [points, answer([], "-1", "4"), { kind: "range", option: 0 }],
    [points, answer([], " 2 ", ""), undefined],
    [split, answer([], "60", "39"), { kind: "less", amount: 1n }],
    [split, answer([], "60", "40"), undefined],
    [ranking, answer([]), { kind: "places", least: 1 }],
    [ranking, answer([2, 0, 1]), { kind: "many", most: 2 }],
    [ranking, answer([2]), undefined],
    [cross, answer([3]), { kind: "row" }],
    [cross, answer([1]), { kind: "column" }],
    [cross, answer([3, 1]), undefined],
    [number, answer([0]), { kind: "number", low: -5n, high: 5n }],
    [number, answer([0], "6"), { kind: "number" }],
    [number, answer([], "-5"), { kind: "group" }],
    [number, answer([1], "-5"), undefined],
  ])("%# say what is wrong", (question, given, problem) => {
    const found = problemOf(question!, given);
    if (problem) expect(found).toMatchObject(problem);
    else expect(found).toBeUndefined();
  });

  test("of a poll make a ballot of its rule", () => {
    expect(bitsOf(POLL.questions, [answer([1])])).toEqual([0n, 1n]);
    expect(POLL.rule.violated(bitsOf(POLL.questions, [answer([0])]))).toBeFalsy();
  });

  test.each([
    undefined,
    "text",
    { chosen: [9], amounts: [] },
    { chosen: [0, 0], amounts: [] },
    { chosen: [0.5], amounts: [] },
    { chosen: [], amounts: [1] },
    { chosen: [] },
  ])("out of a draft that fits nothing are empty: %j", (draft) => {
    expect(readEntries(approval!, draft)).toEqual({ chosen: [], amounts: [] });
  });
});

test("a description that asks nothing leaves it to the rule", () => {
  const asked = new Points("Where?", ["Here"], 10n, 3n);
  const silent = { title: "Where?", options: asked.options };
  const poll = pollOf({ description: silent, rule: asked.rule });
  expect(poll.questions).toEqual([asked]);
  const bits = bitsOf(poll.questions, [{ chosen: [], amounts: ["7"] }]);
  expect(poll.rule.violated(bits)).toBeUndefined();
  expect(poll.rule.slotValues(bits)).toEqual([7n]);
});

test("a gateway that names other keys is found out", () => {
  const keys = [1, 2, 3, 4].map((byte) => publicKeyOf(new Uint8Array(32).fill(byte)));
  expect(() => {
    compare(pollOf({ pollKeys: keys }), POLL);
  }).toThrow("poll_keys");
  expect(() => {
    compare(pollOf({ closesAt: 201n }), POLL);
  }).toThrow("poll_context");
  compare(pollOf(), POLL);
  expect(() => pollOf({ pollKeys: keys.slice(1) })).toThrow(Rejected);
});

describe("of a poll under one context", () => {
  const shown = JSON.parse(JSON.stringify(pollToJson(POLL))) as Record<string, unknown> & {
    committee: { nodes: { node: number; address: string; url: string }[] };
  };
  const read = (changes: object) => pollFromJson(pollJson({ ...shown, ...changes }, "poll"));
  const nodesWith = (change: object) => ({
    committee: {
      ...shown.committee,
      nodes: shown.committee.nodes.map((node, place) => (place ? node : { ...node, ...change })),
    },
  });
  const other = pollOf({ closesAt: 201n });
  const plurality = new Plurality(1, 2, 0n).encode();
  const yesNo = new SingleChoice("Who?", ["Yes", "No", "Maybe"]);

  test("everything comes back out of its JSON", () => {
    expect(read({}).data).toEqual(POLL.data);
  });

  test.each([
    ["a node", nodesWith({ address: toHex(VOTER.address) }), "committee"],
    ["a node's URL", nodesWith({ url: "https://lies.example" }), "committee"],
    ["the threshold", { committee: { ...shown.committee, threshold: 3, faults: 0 } }, "committee"],
    ["the times", { parameters: toHex(other.data.parameters) }, "context"],
    ["the rule", { rule: toHex(yesNo.rule.encode()) }, "rule"],
    ["the outcome rule", { outcome_rule: toHex(plurality) }, "outcome rule"],
    ["the words", { description: toHex(utf8('{"title":"X","options":["a","b"]}')) }, "description"],
    ["the poll", { poll: "4" }, "context"],
    ["the chain", { chain_id: 1 }, "context"],
    ["the registry", { registry: toHex(VOTER.address) }, "context"],
    ["the context", { poll_context: toHex(new Uint8Array(32)) }, "context"],
  ])("a gateway that swaps %s is refused", (_, changes, names) => {
    expect(() => read(changes)).toThrow(Rejected);
    expect(() => read(changes)).toThrow(`P1: ${names}`);
  });
});

test("JSON of others passes only as what it claims to be", () => {
  const shape = record({ pollId: decimal, title: text, nodes: list(whole), key: optional(bytes) });
  const good = { poll_id: "12", title: "T", nodes: [1, 2], key: null, more: 1 };
  expect(shape(good, "poll")).toEqual({ pollId: 12n, title: "T", nodes: [1, 2], key: undefined });
  for (const [bad, names] of [
    [null, "poll"],
    [[], "poll"],
    [{ ...good, poll_id: 12 }, "poll.poll_id"],
    [{ ...good, poll_id: "1e3" }, "poll.poll_id"],
    [{ ...good, title: undefined }, "poll.title"],
    [{ ...good, nodes: [1, 0.5] }, "poll.nodes[1]"],
    [{ ...good, key: "0x0G" }, "poll.key"],
    [Object.create(good), "poll.poll_id"],
  ] as const) {
    expect(() => shape(bad, "poll")).toThrow(Malformed);
    expect(() => shape(bad, "poll")).toThrow(names);
  }
});

test("paths lead to pages", () => {
  expect(routeOf("/")).toEqual({ page: "home" });
  expect(routeOf("/polls/12/audit")).toEqual({ page: "audit", id: 12n });
  expect(routeOf("/organize/new")).toEqual({ page: "newPlan" });
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

describe("a key on paper", () => {
  test("is read back, and mistakes are found", () => {
    const key = new SigningKey(new Uint8Array(32).fill(7));
    const written = wordsOfKey(key);
    expect(written).toHaveLength(24);
    expect(keyOfWords(`  ${written.join("\n").toUpperCase()} `).secret()).toEqual(key.secret());
    expect(() => keyOfWords(written.slice(1).join(" "))).toThrow(Malformed);
    expect(() => keyOfWords([...written.slice(1), "ostrakon"].join(" "))).toThrow(Malformed);
    const [first, second, ...rest] = written.with(1, written[1] === "zoo" ? "abandon" : "zoo");
    expect(() => keyOfWords([first, second, ...rest].join(" "))).toThrow(Malformed);
    // The words of 0, which is no key.
    expect(() => keyOfWords(`${"abandon ".repeat(23)}art`)).toThrow(Malformed);
  });

  test("is BIP-39's coding", () => {
    // Of 32 bytes of 0x7f, from the vectors of the Trezor library.
    const expected =
      "legal winner thank year wave sausage worth useful legal winner thank year wave sausage " +
      "worth useful legal winner thank year wave sausage worth title";
    const key = new SigningKey(new Uint8Array(32).fill(0x7f));
    expect(wordsOfKey(key).join(" ")).toBe(expected);
  });
});

describe("amounts", () => {
  const euro = { symbol: "EUR", decimals: 2 };
  const ether = { symbol: "ETH", decimals: 18 };

  test.each([
    [0n, euro, "0\u00a0EUR"],
    [123_456_789n, euro, "1,234,567.89\u00a0EUR"],
    [5n, euro, "0.05\u00a0EUR"],
    [1n, ether, "0.000000000000000001\u00a0ETH"],
    [12_345_678_901_234_567_890_123n, ether, "12,345.678901234567890123\u00a0ETH"],
    [700n, { symbol: undefined, decimals: 0 }, "700"],
  ])("%s is written in full", (units, currency, written) => {
    expect(amount(units, currency)).toBe(written);
  });

  test.each([
    ["1,234,567.89", euro, 123_456_789n],
    [" 0.05 ", euro, 5n],
    ["7", euro, 700n],
    ["7.123", euro, undefined],
    ["1.2.3", euro, undefined],
    ["1,5", euro, undefined],
    ["0,500", euro, undefined],
    ["1234,567", euro, undefined],
    ["12,34,567.8", euro, 123_456_780n],
    [",567", euro, undefined],
    ["1,", euro, undefined],
    ["-1", euro, undefined],
    ["", euro, undefined],
    ["0.000000000000000001", ether, 1n],
    ["700", { symbol: undefined, decimals: 0 }, 700n],
  ])("%j is read", (typed, currency, units) => {
    expect(readAmount(typed, currency)).toBe(units);
  });
});

describe("why an option is not funded", () => {
  const outcome = {
    kind: "greedy",
    costs: [600n, 500n, 300n, 100n],
    budget: 1000n,
    rankedBy: "votes",
    misfit: "skip",
    minimumSupport: 2n,
  };
  const options = (awards: readonly bigint[], tally: readonly bigint[]) => {
    return tally.map((votes, slot) => ({ option: "", votes, award: awards[slot] }));
  };
  const found = (shown: unknown) => Object.fromEntries(reasonsOf(shown as Results));

  test("by support, by what is left, by the end", () => {
    const given = { outcome, options: options([1n, 0n, 1n, 0n], [9n, 8n, 7n, 1n]) };
    expect(found(given)).toEqual({
      1: { kind: "left", left: 400n },
      3: { kind: "support", least: 2n },
    });
    const stopped = {
      outcome: { ...outcome, misfit: "stop" },
      options: options([1n, 0n, 0n, 0n], [9n, 8n, 7n, 6n]),
    };
    expect(found(stopped)).toEqual({
      1: { kind: "left", left: 400n },
      2: { kind: "ended" },
      3: { kind: "ended" },
    });
    expect(found({ outcome: { kind: "plurality" }, options: given.options })).toEqual({});
  });

  test("a tie decides where equal votes fare differently", () => {
    const tied = { outcome, options: options([1n, 0n, 0n, 0n], [9n, 9n, 1n, 0n]) };
    expect(decidedByOrder(tied as unknown as Results)).toBe(true);
    const equal = { outcome, options: options([1n, 0n, 0n, 0n], [9n, 8n, 0n, 0n]) };
    expect(decidedByOrder(equal as unknown as Results)).toBe(false);
  });
});
