/**
 * Wallets in the browser: discovered by EIP-6963, used by EIP-1193, without a library.
 *
 * A wallet is third-party software: its name and icon are unverified, its signatures are checked
 * against the account that it named, and its data of the chain is used for notices only. It sees
 * what it signs: a digest of a ballot, never the choice.
 *
 * Source: docs/protocol.md §15; EIP-1193, EIP-6963, EIP-3326, EIP-712, EIP-7702.
 */

import { ADDRESS_BYTES, fromHex, HASH_BYTES, sameBytes, toHex } from "../protocol/encoding.ts";
import { Malformed } from "../protocol/errors.ts";
import type { Signer } from "../protocol/keys.ts";
import { type Domain, recover, type Value } from "../protocol/typed_data.ts";

const ANNOUNCE = "eip6963:announceProvider";
const REQUEST = "eip6963:requestProvider";
const MAX_NAME = 60;
const DECLINED = 4001;
const ASKED_ALREADY = -32002;
/** Prefix of the code of an account that delegates to a contract and keeps its key (EIP-7702). */
const DELEGATION = "0xef0100";
const LOOKS = 90;
const PAUSE_MS = 2000;

/** The provider that a wallet adds to pages (EIP-1193). */
export interface Provider {
  request(asked: { method: string; params: readonly unknown[] }): Promise<unknown>;
  on?(event: string, listener: (value: unknown) => void): unknown;
  removeListener?(event: string, listener: (value: unknown) => void): unknown;
}

/** A wallet that announced itself. */
export interface Announced {
  readonly uuid: string;
  /** Its own name. */
  readonly name: string;
  /** An image as a data URI; undefined where it gives no valid one. */
  readonly icon: string | undefined;
  readonly provider: Provider;
}

/** Why a wallet did not fulfil a request. */
export type WalletProblem =
  | "declined"
  | "asked already"
  | "no account"
  | "other chain"
  | "contract"
  | "other signature"
  | "reverted"
  | "failed";

/** A wallet did not fulfil a request. */
export class WalletError extends Error {
  override readonly name = "WalletError";
  readonly problem: WalletProblem;
  /** The wallet's message, or the requested chain. */
  readonly detail: string;

  constructor(problem: WalletProblem, detail = "") {
    super([problem, detail].filter(Boolean).join(": "));
    this.problem = problem;
    this.detail = detail;
  }
}

/**
 * Report wallets, also those that announce themselves late, until the returned function is called.
 */
export function discover(
  onChange: (found: readonly Announced[]) => void,
  page: EventTarget = window,
): () => void {
  const found = new Map<string, Announced>();
  const listen = (event: Event) => {
    const announced = readAnnounced((event as CustomEvent<unknown>).detail);
    if (!announced) return;
    found.set(announced.uuid, announced);
    onChange([...found.values()]);
  };
  page.addEventListener(ANNOUNCE, listen);
  page.dispatchEvent(new Event(REQUEST));
  return () => {
    page.removeEventListener(ANNOUNCE, listen);
  };
}

function readAnnounced(detail: unknown): Announced | undefined {
  const { info, provider } = (detail ?? {}) as { info?: unknown; provider?: Provider };
  const { uuid, name, icon } = (info ?? {}) as Record<string, unknown>;
  const asks = typeof provider?.request === "function";
  if (!asks || typeof uuid !== "string" || typeof name !== "string" || !name) return undefined;
  const shows = typeof icon === "string" && icon.startsWith("data:image/");
  return { uuid, name: name.slice(0, MAX_NAME), icon: shows ? icon : undefined, provider };
}

/** An account of a wallet, in the wallet's state at one time. */
export class Wallet implements Signer {
  /** The wallet's own name. */
  readonly walletName: string;
  readonly address: Uint8Array;
  readonly chainId: bigint;
  /** Whether the account is a contract on that chain, which cannot sign with a key. */
  readonly isContract: boolean;
  readonly #provider: Provider;

  private constructor(
    { name, provider }: Pick<Announced, "name" | "provider">,
    address: Uint8Array,
    chainId: bigint,
    isContract: boolean,
  ) {
    this.walletName = name;
    this.#provider = provider;
    this.address = address;
    this.chainId = chainId;
    this.isContract = isContract;
  }

  /** Request an account from a wallet; WalletError when it gives none. */
  static async connect(announced: Pick<Announced, "name" | "provider">): Promise<Wallet> {
    const accounts = await ask(announced.provider, "eth_requestAccounts");
    const wallet = await Wallet.#look(announced, accounts);
    if (!wallet) throw new WalletError("no account");
    return wallet;
  }

  static async #look(
    announced: Pick<Announced, "name" | "provider">,
    accounts: unknown,
  ): Promise<Wallet | undefined> {
    const first: unknown = Array.isArray(accounts) ? accounts[0] : undefined;
    if (first === undefined) return undefined;
    const address = readHex(first, ADDRESS_BYTES);
    const chainId = await chainOf(announced.provider);
    return new Wallet(announced, address, chainId, await hasCode(announced.provider, address));
  }

  /**
   * Follow the wallet's changes of account and chain, until the returned function is called.
   *
   * @param onChange Called with its new state; undefined when it shows no account any more.
   */
  follow(onChange: (wallet: Wallet | undefined) => void): () => void {
    const provider = this.#provider;
    const announced = { name: this.walletName, provider };
    let latest = 0;
    const look = async () => {
      const turn = ++latest;
      let now: Wallet | undefined;
      try {
        now = await Wallet.#look(announced, await ask(provider, "eth_accounts"));
      } catch (error) {
        if (!(error instanceof WalletError)) throw error;
      }
      // Answers may arrive out of order.
      if (turn === latest) onChange(now);
    };
    const listen = () => void look();
    const events = ["accountsChanged", "chainChanged", "disconnect"];
    for (const event of events) provider.on?.(event, listen);
    return () => {
      latest++;
      for (const event of events) provider.removeListener?.(event, listen);
    };
  }

  /**
   * Let the wallet sign a statement; the wallet shows all its fields.
   *
   * @throws WalletError: its owner declined; the wallet stays on another chain; the account is a
   *   contract; its answer is not a signature of the account.
   */
  async signStatement(
    domain: Domain,
    type: string,
    ...values: readonly Value[]
  ): Promise<Uint8Array> {
    await this.useChain(domain.chainId);
    // Check again: the account may have received code after it was connected.
    if (await hasCode(this.#provider, this.address)) throw new WalletError("contract");
    const request = JSON.stringify(domain.request(type, ...values));
    const account = toHex(this.address);
    const answer = await ask(this.#provider, "eth_signTypedData_v4", [account, request]);
    try {
      const signature = readSignature(answer);
      const signed = recover(domain.digest(type, ...values), signature);
      if (sameBytes(signed, this.address)) return signature;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
    }
    throw new WalletError("other signature");
  }

  /**
   * Let the wallet sign a text (EIP-191); contract wallets return signatures of their own form.
   *
   * @throws WalletError: its owner declined, or its answer is no signature.
   */
  async signMessage(message: string): Promise<Uint8Array> {
    const content = toHex(new TextEncoder().encode(message));
    const answer = await ask(this.#provider, "personal_sign", [content, toHex(this.address)]);
    try {
      return readSignature(answer);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
    }
    throw new WalletError("failed", "personal_sign");
  }

  /** Let the wallet change to a chain; WalletError when it stays on another one. */
  async useChain(chainId: bigint): Promise<void> {
    if ((await chainOf(this.#provider)) === chainId) return;
    try {
      const wanted = [{ chainId: `0x${chainId.toString(16)}` }];
      await ask(this.#provider, "wallet_switchEthereumChain", wanted);
    } catch (error) {
      if (error instanceof WalletError && error.problem === "declined") throw error;
      throw new WalletError("other chain", chainId.toString());
    }
    if ((await chainOf(this.#provider)) !== chainId) {
      throw new WalletError("other chain", chainId.toString());
    }
  }

  /**
   * Let the wallet send a transaction without value, and wait until it is mined.
   *
   * @param onSent Called once the wallet has sent it.
   * @returns Number of its block; undefined when it was not mined in time: contract wallets may
   *   collect signatures first.
   * @throws WalletError: as above; or the contract refused.
   */
  async transact(
    chainId: bigint,
    to: Uint8Array,
    data: Uint8Array,
    onSent?: () => void,
  ): Promise<bigint | undefined> {
    await this.useChain(chainId);
    const call = { from: toHex(this.address), to: toHex(to), data: toHex(data), value: "0x0" };
    const hash = await ask(this.#provider, "eth_sendTransaction", [call]);
    const name = toHex(readHex(hash, HASH_BYTES));
    onSent?.();
    for (let looks = 0; looks < LOOKS; looks++) {
      const receipt = await ask(this.#provider, "eth_getTransactionReceipt", [name]);
      if (typeof receipt === "object" && receipt) {
        const { status, blockNumber } = receipt as Record<string, unknown>;
        if (Number(status) !== 1) throw new WalletError("reverted");
        return readQuantity(blockNumber, "eth_getTransactionReceipt");
      }
      await new Promise((later) => setTimeout(later, PAUSE_MS));
    }
    return undefined;
  }
}

/** One request; every failure is a WalletError. */
async function ask(provider: Provider, method: string, params: readonly unknown[] = []) {
  try {
    return await provider.request({ method, params });
  } catch (error) {
    const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
    if (code === DECLINED) throw new WalletError("declined");
    if (code === ASKED_ALREADY) throw new WalletError("asked already");
    throw new WalletError("failed", typeof message === "string" ? message.slice(0, 200) : "");
  }
}

async function chainOf(provider: Provider): Promise<bigint> {
  return readQuantity(await ask(provider, "eth_chainId"), "eth_chainId");
}

function readQuantity(value: unknown, method: string): bigint {
  if (typeof value === "string" && /^0x[0-9a-fA-F]{1,16}$/.test(value)) return BigInt(value);
  throw new WalletError("failed", method);
}

/** Whether an account is a contract, as far as the wallet knows. */
async function hasCode(provider: Provider, address: Uint8Array): Promise<boolean> {
  try {
    const code = await ask(provider, "eth_getCode", [toHex(address), "latest"]);
    return typeof code === "string" && code.length > 2 && !code.startsWith(DELEGATION);
  } catch (error) {
    // Some wallets answer only required methods; the signature will show it.
    if (error instanceof WalletError) return false;
    throw error;
  }
}

function readHex(value: unknown, size: number): Uint8Array {
  try {
    const data = fromHex(String(value).toLowerCase(), "answer");
    if (data.length === size) return data;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
  }
  throw new WalletError("failed", `${size} bytes`);
}

/** A signature in our form: some wallets write the last byte as 0 or 1. */
function readSignature(answer: unknown): Uint8Array {
  const signature = fromHex(String(answer).toLowerCase(), "signature");
  const v = signature[64];
  if (v === 0 || v === 1) signature[64] = v + 27;
  return signature;
}
