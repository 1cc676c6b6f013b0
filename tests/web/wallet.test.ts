/** Wallets: discovery, requests, and checks of their answers. */

import { describe, expect, test, vi } from "vitest";

import {
  type Announced,
  discover,
  type Provider,
  Wallet,
  WalletError,
  type WalletProblem,
} from "../../web/src/client/wallet.ts";
import { fromHex, toHex } from "../../web/src/protocol/encoding.ts";
import { SigningKey } from "../../web/src/protocol/keys.ts";
import { Domain, type TypedDataRequest, WITHDRAWAL } from "../../web/src/protocol/typed_data.ts";

const KEY = new SigningKey(new Uint8Array(32).fill(7));
const OTHER = new SigningKey(new Uint8Array(32).fill(8));
const DOMAIN = new Domain(31337n, new Uint8Array(20).fill(9));
const PROPOSAL = new Uint8Array(32).fill(3);
const STATEMENT = [WITHDRAWAL, PROPOSAL, 5n, 99n] as const;

/** A wallet with one key; tests can replace every answer. */
class TestProvider implements Provider {
  readonly asked: string[] = [];
  readonly #listeners = new Map<string, (value: unknown) => void>();
  chain = "0x7a69";
  account = toHex(KEY.address);
  answers: Record<string, (params: readonly unknown[]) => unknown> = {};

  request({ method, params }: { method: string; params: readonly unknown[] }): Promise<unknown> {
    this.asked.push(method);
    const own = this.answers[method];
    return new Promise((resolve) => {
      resolve(own ? own(params) : this.#usual(method, params));
    });
  }

  #usual(method: string, params: readonly unknown[]): unknown {
    switch (method) {
      case "eth_requestAccounts":
      case "eth_accounts":
        return [this.account];
      case "eth_chainId":
        return this.chain;
      case "eth_getCode":
        return "0x";
      case "wallet_switchEthereumChain":
        this.chain = (params[0] as { chainId: string }).chainId;
        return null;
      case "eth_signTypedData_v4":
        return toHex(KEY.sign(DOMAIN.digest(...STATEMENT)));
    }
    throw refusal(4200, method);
  }

  on(event: string, listener: (value: unknown) => void): void {
    this.#listeners.set(event, listener);
  }

  removeListener(event: string): void {
    this.#listeners.delete(event);
  }

  tell(event: string): void {
    this.#listeners.get(event)?.(undefined);
  }
}

function refusal(code: number, message = ""): Error {
  return Object.assign(new Error(message), { code });
}

function throws(error: Error): () => never {
  return () => {
    throw error;
  };
}

const announcedBy = (provider: Provider) => ({ name: "Test", provider });

async function problemOf(work: Promise<unknown>): Promise<WalletProblem | undefined> {
  return await work.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof WalletError) return error.problem;
      throw error;
    },
  );
}

describe("discovery", () => {
  function announce(page: EventTarget, info: unknown, provider: unknown): void {
    const event = new CustomEvent("eip6963:announceProvider", { detail: { info, provider } });
    page.dispatchEvent(event);
  }

  test("reports early and late wallets once, until it is stopped", () => {
    const page = new EventTarget();
    const provider = new TestProvider();
    const early = { uuid: "1", name: "Early", icon: "data:image/svg+xml,x", rdns: "a.b" };
    page.addEventListener("eip6963:requestProvider", () => {
      announce(page, early, provider);
    });
    let found: readonly Announced[] = [];
    const stop = discover((all) => (found = all), page);
    announce(page, { uuid: "2", name: "L".repeat(99), icon: "https://tracker.example" }, provider);
    announce(page, early, provider);
    expect(found.map(({ name, icon }) => [name, icon])).toEqual([
      ["Early", "data:image/svg+xml,x"],
      ["L".repeat(60), undefined],
    ]);
    stop();
    announce(page, { uuid: "3", name: "Later" }, provider);
    expect(found).toHaveLength(2);
  });

  test.each([
    ["nothing", undefined, undefined],
    ["no name", { uuid: "1", name: "" }, new TestProvider()],
    ["no provider", { uuid: "1", name: "X" }, { request: 1 }],
  ])("leaves out %s", (_, info, provider) => {
    const page = new EventTarget();
    const found: Announced[] = [];
    discover((all) => found.push(...all), page);
    announce(page, info, provider);
    expect(found).toEqual([]);
  });
});

describe("connecting", () => {
  test("reads account and chain", async () => {
    const wallet = await Wallet.connect(announcedBy(new TestProvider()));
    expect(wallet.address).toEqual(KEY.address);
    expect([wallet.chainId, wallet.isContract, wallet.walletName]).toEqual([31337n, false, "Test"]);
  });

  test.each<[string, unknown, boolean]>([
    ["a contract", "0x6001", true],
    ["an account that delegates", "0xef0100" + "11".repeat(20), false],
    ["what is no code", null, false],
  ])("%s", async (_, code, isContract) => {
    const provider = new TestProvider();
    provider.answers["eth_getCode"] = () => code;
    const wallet = await Wallet.connect(announcedBy(provider));
    expect(wallet.isContract).toBe(isContract);
    const signed = await problemOf(wallet.signStatement(DOMAIN, ...STATEMENT));
    expect(signed).toBe(isContract ? "contract" : undefined);
  });

  test.each<[WalletProblem, () => unknown]>([
    ["declined", throws(refusal(4001))],
    ["asked already", throws(refusal(-32002))],
    ["failed", throws(refusal(-32603, "locked"))],
    ["no account", () => []],
    ["failed", () => ["0x12"]],
  ])("%s", async (problem, answer) => {
    const provider = new TestProvider();
    provider.answers["eth_requestAccounts"] = answer;
    expect(await problemOf(Wallet.connect(announcedBy(provider)))).toBe(problem);
  });

  test("follows changes of account and chain until it is stopped", async () => {
    const provider = new TestProvider();
    const heard: (string | undefined)[] = [];
    const wallet = await Wallet.connect(announcedBy(provider));
    const stop = wallet.follow((now) => {
      heard.push(now && `${toHex(now.address)} ${now.chainId}`);
    });
    const told = async (event: string) => {
      provider.tell(event);
      await new Promise((later) => setTimeout(later));
    };
    provider.account = toHex(OTHER.address);
    await told("accountsChanged");
    provider.chain = "0x1";
    await told("chainChanged");
    provider.answers["eth_accounts"] = () => [];
    await told("accountsChanged");
    stop();
    await told("accountsChanged");
    const other = toHex(OTHER.address);
    expect(heard).toEqual([`${other} 31337`, `${other} 1`, undefined]);
  });
});

describe("signing", () => {
  test("shows all fields, in the form of eth_signTypedData_v4", async () => {
    const provider = new TestProvider();
    let shown: TypedDataRequest | undefined;
    provider.answers["eth_signTypedData_v4"] = ([account, request]) => {
      expect(account).toBe(toHex(KEY.address));
      shown = JSON.parse(request as string) as TypedDataRequest;
      return toHex(KEY.sign(DOMAIN.digest(...STATEMENT)));
    };
    const wallet = await Wallet.connect(announcedBy(provider));
    const signature = await wallet.signStatement(DOMAIN, ...STATEMENT);
    expect(signature).toEqual(await KEY.signStatement(DOMAIN, ...STATEMENT));
    expect(shown!.primaryType).toBe("Withdrawal");
    expect(shown!.message).toEqual({ proposalId: toHex(PROPOSAL), nonce: "5", deadline: "99" });
  });

  test("accepts a last byte of 0 or 1", async () => {
    const provider = new TestProvider();
    const good = KEY.sign(DOMAIN.digest(...STATEMENT));
    provider.answers["eth_signTypedData_v4"] = () => {
      return toHex(new Uint8Array([...good.subarray(0, 64), good[64]! - 27]));
    };
    const wallet = await Wallet.connect(announcedBy(provider));
    expect(await wallet.signStatement(DOMAIN, ...STATEMENT)).toEqual(good);
  });

  test.each<[string, unknown]>([
    ["another key", toHex(OTHER.sign(DOMAIN.digest(...STATEMENT)))],
    ["another statement", toHex(KEY.sign(DOMAIN.digest(WITHDRAWAL, PROPOSAL, 6n, 99n)))],
    ["a contract's proof", "0x" + "ab".repeat(130)],
    ["nothing", null],
  ])("refuses the signature of %s", async (_, answer) => {
    const provider = new TestProvider();
    provider.answers["eth_signTypedData_v4"] = () => answer;
    const wallet = await Wallet.connect(announcedBy(provider));
    expect(await problemOf(wallet.signStatement(DOMAIN, ...STATEMENT))).toBe("other signature");
  });

  test("asks the wallet to change the chain first", async () => {
    const provider = new TestProvider();
    provider.chain = "0x1";
    const wallet = await Wallet.connect(announcedBy(provider));
    await wallet.signStatement(DOMAIN, ...STATEMENT);
    expect(provider.chain).toBe("0x7a69");
  });

  test.each<[WalletProblem, () => unknown]>([
    ["declined", throws(refusal(4001))],
    ["other chain", throws(refusal(4902))],
    ["other chain", () => null],
  ])("on another chain: %s, nothing signed", async (problem, answer) => {
    const provider = new TestProvider();
    provider.chain = "0x1";
    provider.answers["wallet_switchEthereumChain"] = answer;
    const wallet = await Wallet.connect(announcedBy(provider));
    expect(await problemOf(wallet.signStatement(DOMAIN, ...STATEMENT))).toBe(problem);
    expect(provider.asked).not.toContain("eth_signTypedData_v4");
  });
});

describe("transactions", () => {
  async function transact(status: unknown, onSent?: () => void): Promise<bigint | undefined> {
    const provider = new TestProvider();
    provider.answers["eth_sendTransaction"] = ([call]) => {
      expect(call).toEqual({
        from: toHex(KEY.address),
        to: "0x" + "02".repeat(20),
        data: "0x01",
        value: "0x0",
      });
      return "0x" + "04".repeat(32);
    };
    provider.answers["eth_getTransactionReceipt"] = () => ({ status, blockNumber: "0x10" });
    const wallet = await Wallet.connect(announcedBy(provider));
    const to = new Uint8Array(20).fill(2);
    return await wallet.transact(31337n, to, fromHex("0x01", "data"), onSent);
  }

  test("are awaited until they are mined", async () => {
    const onSent = vi.fn();
    expect(await transact("0x1", onSent)).toBe(16n);
    expect(onSent).toHaveBeenCalledOnce();
  });

  test("throw when the contract refuses", async () => {
    expect(await problemOf(transact("0x0"))).toBe("reverted");
  });
});

test("a wallet signs a text as bytes, and contract wallets may answer in their own form", async () => {
  const provider = new TestProvider();
  const seen: unknown[] = [];
  provider.answers["personal_sign"] = (params) => {
    seen.push(...params);
    return "0x0102";
  };
  const wallet = await Wallet.connect({ name: "Test", provider });
  expect(await wallet.signMessage("żółw")).toEqual(Uint8Array.of(1, 2));
  expect(seen).toEqual([toHex(new TextEncoder().encode("żółw")), toHex(KEY.address)]);
  provider.answers["personal_sign"] = () => "nothing";
  await expect(wallet.signMessage("a")).rejects.toThrow(WalletError);
});
