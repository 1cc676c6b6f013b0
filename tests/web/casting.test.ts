/** Sending a ballot, through the gateway and to the nodes. */

import { afterEach, describe, expect, test, vi } from "vitest";

import { collectReceipts, sealVote, send } from "../../web/src/client/casting.ts";
import { Gateway, Refusal } from "../../web/src/client/gateway.ts";
import { SavedVotes } from "../../web/src/client/votes.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";
import { unixSeconds } from "../../web/src/protocol/units.ts";
import { WorkerClient } from "../../web/src/workshop/client.ts";
import { sameThread } from "../../web/src/workshop/same_thread.ts";
import { Shelf } from "./support/shelf.ts";
import { castIn, POLL, receiptOf, sealedFor, VOTER } from "./support/votes.ts";

describe("sealing", () => {
  test.each([
    [99n, "poll-not-open"],
    [200n, "poll-closed"],
    [201n, "poll-closed"],
  ])("is refused at %s, when voting is not open", async (now, code) => {
    const votes = new SavedVotes(POLL, VOTER.address);
    const worker = new WorkerClient(sameThread);
    const run = vi.spyOn(worker, "run");
    const bits = [0n, 1n];
    const sealing = sealVote(worker, new Shelf(), votes, bits, unixSeconds(now), () => undefined);
    await expect(sealing).rejects.toMatchObject({ name: Refusal.name, problem: { code } });
    expect(run).not.toHaveBeenCalled();
  });

  test("works until the last second of voting", async () => {
    const votes = new SavedVotes(POLL, VOTER.address);
    const worker = new WorkerClient(sameThread);
    const last = unixSeconds(199n);
    const sealed = sealedFor(votes, last);
    vi.spyOn(worker, "run").mockResolvedValue(sealed);
    const sealing = sealVote(worker, new Shelf(), votes, [0n, 1n], last, () => undefined);
    await expect(sealing).resolves.toBe(sealed);
  });
});

describe("a ballot that the gateway refuses", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const answer = (content: unknown, status: number) => {
    return Promise.resolve(new Response(JSON.stringify(content), { status }));
  };

  test("is sent to the nodes, whose answers count", async () => {
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

test("problems of nodes are objects with a code", async () => {
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

describe("a ballot with a silent peer", () => {
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

  test("a silent node does not prevent a recorded ballot", async () => {
    const { votes, ballot, hear, sending } = sent((node) => node === 4, refusing);
    await vi.advanceTimersByTimeAsync(900);
    expect(votes.recorded(ballot)).toBe(true);
    expect(hear).toHaveBeenCalledTimes(4);
    await vi.advanceTimersByTimeAsync(200);
    // A node that has not answered yet has no problem.
    expect((await sending).size).toBe(0);
    expect([...ballot.receipts.keys()].sort()).toEqual([1, 2, 3]);
  });

  test("a silent gateway is bypassed after a while", async () => {
    const { votes, ballot, asked, sending } = sent((node) => node === 2, never);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_500);
    await sending;
    expect(asked).toEqual([1, 2, 3, 4]);
    expect(votes.recorded(ballot)).toBe(true);
  });

  test("a crowded gateway is asked again after its pause, and the nodes are spared", async () => {
    let requests = 0;
    const crowded = () => {
      requests += 1;
      if (requests < 3) {
        const full = { type: "urn:ostraka:problem:queue-full", title: "Queue full" };
        const headers = { "Retry-After": "2" };
        return Promise.resolve(new Response(JSON.stringify(full), { status: 429, headers }));
      }
      const receipts = [1, 2, 3, 4].map((node) => {
        return { node, signature: toHex(receiptOf(node, votes, ballot)) };
      });
      return Promise.resolve(new Response(JSON.stringify({ receipts, refusals: [] })));
    };
    const { votes, ballot, asked, sending } = sent(() => false, crowded);
    await vi.advanceTimersByTimeAsync(4_500);
    await sending;
    expect(requests).toBe(3);
    expect(asked).toEqual([]);
    expect(ballot.receipts.size).toBe(4);
  });

  test("receipts of slow nodes are collected behind the success", async () => {
    const { votes, ballot, sending } = sent((node) => node === 4, refusing);
    await vi.advanceTimersByTimeAsync(2_000);
    await sending;
    let requests = 0;
    vi.stubGlobal("fetch", () => {
      requests += 1;
      // At first the gateway has no more of them than the page.
      const nodes = requests < 3 ? [1, 2, 3] : [1, 2, 3, 4];
      const receipts = nodes.map((node) => {
        return { node, signature: toHex(receiptOf(node, votes, ballot)) };
      });
      return Promise.resolve(new Response(JSON.stringify({ receipts })));
    });
    const changed = vi.fn();
    const collecting = collectReceipts(new Gateway(), new Shelf(), votes, ballot, changed);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(requests).toBe(2);
    expect(ballot.receipts.has(4)).toBe(false);
    await vi.advanceTimersByTimeAsync(600_000);
    await collecting;
    expect(ballot.receipts.has(4)).toBe(true);
    // Nothing is missing any more.
    expect(requests).toBe(3);
    expect(changed).toHaveBeenCalledTimes(3);
  });

  test("too many silent nodes are waited for", async () => {
    const { votes, ballot, sending } = sent((node) => node > 2, refusing);
    const done = vi.fn();
    void sending.then(done);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(ballot.receipts.size).toBe(2);
    expect(votes.recorded(ballot)).toBe(false);
    expect(done).not.toHaveBeenCalled();
  });
});
