/** Endpoints that are wrong, busy or limited never make a poll fail; requests are retried. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, describe, expect, test, vi } from "vitest";

import { ChainReader, readAnchoredHash } from "../../web/src/client/chain.ts";
import { JsonRpc, Refused, Reverted, topicOf } from "../../web/src/client/rpc.ts";
import type { Sections } from "../../web/src/protocol/board.ts";
import { toHex, word } from "../../web/src/protocol/encoding.ts";
import { Undecided } from "../../web/src/protocol/errors.ts";

const REGISTRY = new Uint8Array(20).fill(1);
const TOPIC = topicOf("Some()");

interface Asked {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Status, body and headers. */
type Answer = readonly [status: number, body: unknown, headers?: Record<string, string>];

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});

/** A real HTTP endpoint with given answers; strings are sent unchanged. */
async function endpoint(answer: (asked: Asked | readonly Asked[]) => Answer): Promise<string> {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const asked = JSON.parse(Buffer.concat(chunks).toString()) as Asked;
      const [status, body, headers] = answer(asked);
      response.writeHead(status, headers);
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const result = (value: unknown): Answer => [200, { jsonrpc: "2.0", id: 1, result: value }];
const error = (message: string, status = 200): Answer => {
  return [status, { jsonrpc: "2.0", id: 1, error: { code: -32000, message } }];
};

/** Answers of an endpoint for a chain with one registry without polls. */
function honest({ method }: Asked): Answer {
  if (method === "eth_chainId") return result("0x7a69");
  if (method === "eth_blockNumber") return result("0x10");
  if (method === "eth_getCode") return result("0x60");
  if (method === "eth_getLogs") return result([]);
  return result("0x");
}

async function read(answer: (asked: Asked) => Answer): Promise<unknown> {
  const rpc = new JsonRpc(await endpoint((asked) => answer(asked as Asked)), undefined, () =>
    Promise.resolve(),
  );
  const reader = await ChainReader.open(rpc, REGISTRY, 31337n);
  const sections = { description: new Uint8Array(), outcomeRule: new Uint8Array() };
  return await reader.read(1n, sections as unknown as Sections);
}

describe("a poll is undecided when the endpoint answers", () => {
  const every = (answer: Answer) => () => answer;
  const instead = (method: string, answer: Answer) => (asked: Asked) => {
    return asked.method === method ? answer : honest(asked);
  };

  test.each<[string, (asked: Asked) => Answer, string]>([
    ["a web page", every([200, "<!doctype html><title>Just a moment…"]), "does not speak JSON-RPC"],
    ["nothing", every([200, ""]), "does not speak JSON-RPC"],
    ["a text in JSON", every([200, '"daily quota exceeded"']), "neither result nor error"],
    ["JSON null", every([200, "null"]), "neither result nor error"],
    ["a quota as result", every(result("daily quota exceeded")), "daily quota exceeded"],
    ["null for all", every(result(null)), "null, no quantity"],
    ["numbers", instead("eth_blockNumber", result(16)), "16, no quantity"],
    ["padded numbers", instead("eth_blockNumber", result(toHex(word(16)))), "no quantity"],
    ["null for code", instead("eth_getCode", result(null)), "no 0x-hex"],
    ["null for a call", instead("eth_call", result(null)), "no 0x-hex"],
    ["no answer to a call", honest, "no registry of polls"],
    [
      "no contract",
      instead("eth_getCode", result("0x")),
      `no contract at ${toHex(REGISTRY)} on chain 31337`,
    ],
    ["another chain", instead("eth_chainId", result("0x1")), "serves chain 1, not chain 31337"],
    [
      "junk of the right length",
      instead("eth_call", result(`0x${"ff".repeat(27 * 32)}`)),
      "status",
    ],
    ["a refusal", every(error("no such method")), "no such method"],
    ["403", every([403, "forbidden"]), "status 403"],
    ["404 in JSON", every([404, { message: "not found" }]), "status 404"],
    ["503 for ever", every([503, ""]), "status 503"],
  ])("%s", async (_, answer, reason) => {
    const failure = await read(answer).then(
      () => undefined,
      (problem: unknown) => problem,
    );
    expect(failure).toBeInstanceOf(Undecided);
    expect((failure as Error).message).toContain(reason);
  });

  test("nothing, because nobody listens", async () => {
    const url = await endpoint(honest as never);
    server!.close();
    await expect(readAnchoredHash(url, REGISTRY, 1n)).rejects.toThrow(Undecided);
  });

  test.each(["null", "{}", '[{"topics": 3}]', '[{"topics": ["0x12"], "data": 1}]', '"none"'])(
    "invalid logs: %s",
    async (logs) => {
      const rpc = new JsonRpc(await endpoint(() => result(JSON.parse(logs))));
      await expect(rpc.logs(REGISTRY, [TOPIC], 5n)).rejects.toThrow(Undecided);
    },
  );
});

describe("a request is repeated", () => {
  /** An endpoint that gives some answers first, and the pauses between requests. */
  async function after(times: number, first: Answer) {
    const pauses: number[] = [];
    let asked = 0;
    const url = await endpoint((request) => {
      asked += 1;
      return asked <= times ? first : honest(request as Asked);
    });
    const rpc = new JsonRpc(url, undefined, (milliseconds) => {
      pauses.push(milliseconds);
      return Promise.resolve();
    });
    return { rpc, pauses };
  }

  test.each<[string, Answer, number[]]>([
    ["429", [429, ""], [500, 1000]],
    ["429 with a time", [429, "", { "Retry-After": "3" }], [3000, 3000]],
    ["429 with ages", [429, "", { "Retry-After": "86400" }], [20_000, 20_000]],
    ["429 with a date", [429, "", { "Retry-After": "Wed, 21 Oct 2065 07:28:00 GMT" }], [500, 1000]],
    ["503", [503, "<html>"], [500, 1000]],
    ["a replica behind", error("header not found"), [500, 1000]],
    ["a replica behind, in other words", error("block not found"), [500, 1000]],
    ["too many requests", error("Too Many Requests"), [500, 1000]],
  ])("%s", async (_, first, waited) => {
    const { rpc, pauses } = await after(2, first);
    expect(await rpc.newestBlock()).toBe(16n);
    expect(pauses).toEqual(waited);
  });

  test.each<[string, Answer]>([
    ["429", [429, ""]],
    ["header not found", error("header not found")],
  ])("%s for ever", async (_, first) => {
    const { rpc, pauses } = await after(100, first);
    await expect(rpc.newestBlock()).rejects.toThrow(Undecided);
    expect(pauses).toHaveLength(4);
  });

  // Clients differ; the auditor's program knows the same words.
  test.each(["execution reverted", "OutOfGas"])(
    "never when a contract refuses: %s",
    async (said) => {
      const { rpc, pauses } = await after(1, error(said));
      await expect(rpc.call(REGISTRY, "f()", new Uint8Array(), 1n)).rejects.toThrow(Reverted);
      expect(pauses).toEqual([]);
    },
  );
});

test("a lost connection is made again", async () => {
  const pauses: number[] = [];
  server = createServer((request, response) => {
    if (pauses.length < 2) {
      request.socket.destroy();
      return;
    }
    response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: "0x10" }));
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const rpc = new JsonRpc(url, undefined, (milliseconds) => {
    pauses.push(milliseconds);
    return Promise.resolve();
  });
  expect(await rpc.newestBlock()).toBe(16n);
  expect(pauses).toEqual([500, 1000]);
});

describe("batches", () => {
  const each = Array.from({ length: 150 }, (_, place) => word(place));
  const answerTo = ({ params }: Asked) => {
    const [{ data }] = params as [{ data: string }];
    return `0x${data.slice(10)}`;
  };

  test.each<[string, Answer | undefined]>([
    ["are taken", undefined],
    ["are forbidden", [403, "batches cost more"]],
    ["are refused", error("batch limit exceeded")],
    ["are answered by a part", [200, []]],
  ])("%s", async (_, refusal) => {
    let requests = 0;
    const url = await endpoint((asked) => {
      requests += 1;
      if (!Array.isArray(asked)) return result(answerTo(asked as Asked));
      const batch = asked as readonly Asked[];
      return (
        refusal ?? [200, batch.map((one) => ({ id: one.id, result: answerTo(one) })).reverse()]
      );
    });
    expect(await new JsonRpc(url).callEach(REGISTRY, "f(uint256)", each, 1n)).toEqual(each);
    // A refused batch is not tried again.
    expect(requests).toBe(refusal ? 151 : 2);
  });
});

test("a batch of which a part is refused is asked for one by one", async () => {
  const each = [word(1), word(2)];
  const busy = { error: { code: -32005, message: "rate limit exceeded" } };
  const url = await endpoint((asked) => {
    if (!Array.isArray(asked)) return result(toHex(word(7)));
    const [first, second] = asked as readonly Asked[];
    return [
      200,
      [
        { id: first!.id, result: toHex(word(7)) },
        { id: second!.id, ...busy },
      ],
    ];
  });
  const asking = new JsonRpc(url).callEach(REGISTRY, "f(uint256)", each, 1n);
  expect(await asking).toEqual([word(7), word(7)]);
});

test("answers to many calls are short", async () => {
  const long = toHex(new Uint8Array(10_000));
  const url = await endpoint((asked) => {
    if (!Array.isArray(asked)) return result(long);
    return [200, (asked as Asked[]).map(({ id }) => ({ id, result: long }))];
  });
  const asking = new JsonRpc(url).callEach(REGISTRY, "f(uint256)", [word(1), word(2)], 1n);
  await expect(asking).rejects.toThrow("10000 bytes");
});

test("an endless answer is given up", async () => {
  const chunk = "0".repeat(2 ** 20);
  let sent = 0;
  server = createServer((_, response) => {
    const send = () => {
      while (!response.destroyed && response.write(chunk)) sent++;
      response.once("drain", send);
    };
    send();
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(new JsonRpc(url).chainId()).rejects.toThrow("answers too much");
  expect(sent).toBeLessThan(256);
});

test("an answer that drips is given up", async () => {
  const after = AbortSignal.timeout.bind(AbortSignal);
  const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => after(200));
  server = createServer((_, response) => {
    const dripping = setInterval(() => response.write("0"), 20);
    response.once("close", () => {
      clearInterval(dripping);
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(new JsonRpc(url).chainId()).rejects.toThrow("does not answer");
  expect(timeout).toHaveBeenCalledExactlyOnceWith(60_000);
  timeout.mockRestore();
});

describe("ranges of blocks", () => {
  const logOf = (block: number) => ({
    address: toHex(REGISTRY),
    topics: [toHex(TOPIC)],
    data: "0x",
    blockNumber: `0x${block.toString(16)}`,
    transactionHash: toHex(word(block)),
  });

  /** An endpoint that limits the blocks of a request, and the requested ranges. */
  async function bounded(most: number, events: readonly number[]) {
    const ranges: [first: number, last: number][] = [];
    const url = await endpoint((asked) => {
      const [{ fromBlock, toBlock }] = (asked as Asked).params as [
        { fromBlock: string; toBlock: string },
      ];
      const [first, last] = [Number(fromBlock), Number(toBlock)];
      ranges.push([first, last]);
      if (last - first >= most) return error("query exceeds max block range", 400);
      return result(events.filter((block) => block >= first && block <= last).map(logOf));
    });
    return { rpc: new JsonRpc(url), ranges };
  }

  test.each([400, 2_000, 10_000, 100_000])("of %i are found", async (most) => {
    const events = [0, 7, 20_000, 24_999, 25_000];
    const { rpc, ranges } = await bounded(most, events);
    const found = await rpc.logs(REGISTRY, [TOPIC], 25_000n);
    expect(found.map(({ block }) => Number(block))).toEqual(events);
    expect(ranges.length).toBeLessThan(25_000 / Math.min(most, 25_001) / 0.4 + 10);
    const latest = await rpc.latestLog(REGISTRY, [TOPIC], 24_999n);
    expect(latest?.block).toBe(24_999n);
  });

  test("the one that worked is remembered", async () => {
    const { rpc, ranges } = await bounded(400, [7]);
    await rpc.logs(REGISTRY, [TOPIC], 25_000n);
    ranges.length = 0;
    expect(await rpc.logs(REGISTRY, [TOPIC], 25_000n)).toHaveLength(1);
    expect(ranges.every(([first, last]) => last - first < 400)).toBe(true);
  });

  describe("begin with the deployment", () => {
    const OTHER = new Uint8Array(20).fill(9);

    /** First blocks asked for, where the code before the deployment is as given. */
    async function firstBlocks(before: Answer, address: Uint8Array) {
      const firsts: bigint[] = [];
      const url = await endpoint((asked) => {
        const { method, params } = asked as Asked;
        if (method === "eth_getCode") return before;
        firsts.push(BigInt((params as [{ fromBlock: string }])[0].fromBlock));
        return result([]);
      });
      const rpc = new JsonRpc(url, { block: 500n, contracts: [REGISTRY] }, () => Promise.resolve());
      await rpc.logs(address, [TOPIC], 1000n);
      await rpc.latestLog(address, [TOPIC], 1000n);
      return firsts;
    }

    test.each<[string, Answer, Uint8Array, bigint]>([
      ["of a contract that did not exist before", result("0x"), OTHER, 500n],
      ["not of an older contract", result("0x60"), REGISTRY, 0n],
      ["of the deployment, where no state is kept", error("missing trie node"), REGISTRY, 500n],
      ["not of another contract there", error("missing trie node"), OTHER, 0n],
    ])("%s", async (_, before, address, first) => {
      expect(await firstBlocks(before, address)).toEqual([first, first]);
    });
  });

  test("an endpoint that accepts no range is given up", async () => {
    const { rpc, ranges } = await bounded(0, []);
    await expect(rpc.logs(REGISTRY, [TOPIC], 25_000n)).rejects.toThrow(Refused);
    expect(ranges.length).toBeLessThan(15);
  });
});
