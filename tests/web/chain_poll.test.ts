/** Reading a poll from the chain: what is asked together, and which failure is reported. */

import { expect, test } from "vitest";

import { pollOfChain } from "../../web/src/client/chain_poll.ts";
import type { JsonRpc } from "../../web/src/client/rpc.ts";
import { Unanswered } from "../../web/src/protocol/errors.ts";

const REGISTRY = new Uint8Array(20).fill(1);

/** An endpoint that answers as given, and otherwise not at all; with the names of what was asked. */
function endpoint(answers: Readonly<Record<string, () => Promise<unknown>>>) {
  const asked: string[] = [];
  const names = ["chainId", "newestBlock", "code", "call", "latestLog"];
  const methods = names.map((name) => {
    const method = () => {
      asked.push(name);
      return answers[name]?.() ?? new Promise(() => undefined);
    };
    return [name, method] as const;
  });
  return { asked, rpc: Object.fromEntries(methods) as unknown as JsonRpc };
}

const newest = {
  chainId: () => Promise.resolve(31337n),
  newestBlock: () => Promise.resolve(7n),
};

test("everything that is known to be needed is asked for together", async () => {
  const { asked, rpc } = endpoint(newest);
  void pollOfChain(rpc, REGISTRY, 1n, []);
  expect(asked).toEqual(["chainId", "newestBlock"]);
  await new Promise((resolve) => setTimeout(resolve));
  expect(asked.slice(2)).toEqual(["code", "call", "latestLog", "latestLog"]);
});

test("a missing contract is reported, whatever fails before", async () => {
  const { rpc } = endpoint({
    ...newest,
    code: async () => {
      await new Promise((resolve) => setTimeout(resolve));
      return new Uint8Array();
    },
    call: () => Promise.reject(new Unanswered("eth_call: reverted")),
    latestLog: () => Promise.reject(new Unanswered("eth_getLogs: too many blocks")),
  });
  await expect(pollOfChain(rpc, REGISTRY, 1n, [])).rejects.toThrow("no contract at 0x0101");
});
