/** State that all pages share while the client is open: gateway, worker, signer, provider. */

import { useEffect, useState } from "preact/hooks";

import { Gateway } from "../client/gateway.ts";
import type { Deployment } from "../client/rpc.ts";
import { type Config, config } from "../client/views.ts";
import { type Announced, Wallet } from "../client/wallet.ts";
import { type Signer, SigningKey } from "../protocol/keys.ts";
import { WorkerClient } from "../workshop/client.ts";

export const gateway = new Gateway();
export const worker = new WorkerClient(() => {
  return new Worker(new URL("../worker.ts", import.meta.url), { type: "module" });
});

/** Storage of this device; throws if the browser forbids it. */
export function store(): Storage {
  return localStorage;
}

/** The same; undefined if the browser forbids it. */
export function keptIfAllowed(): Storage | undefined {
  try {
    return store();
  } catch {
    return undefined;
  }
}

/** How long the first configuration counts as current for the first page. */
const FIRST_MS = 10_000;
let first: { readonly at: number; readonly answer: Promise<Config>; taken: boolean } | undefined;

/** The gateway's configuration when the client was opened. */
export function configAtStart(): Promise<Config> {
  first ??= { at: performance.now(), answer: gateway.get("/config", config), taken: false };
  return first.answer;
}

/** Current configuration of the gateway. */
export async function readConfig(): Promise<Config> {
  if (first && !first.taken && performance.now() - first.at < FIRST_MS) {
    first.taken = true;
    return await first.answer;
  }
  return await gateway.get("/config", config);
}

/** A provider of chain data: the one that the address names, or the gateway's. */
export function rpcUrlOf({ rpcUrl }: Config): string | undefined {
  return new URLSearchParams(location.search).get("rpc") ?? rpcUrl;
}

/** The contracts whose events begin where the gateway says; of others, all are read. */
export function deploymentOf({ deploymentBlock, registry, treasury }: Config): Deployment {
  return { block: BigInt(deploymentBlock), contracts: [registry, treasury] };
}

let signer: Signer | undefined;
let unfollow = () => undefined as unknown;
const listeners = new Set<() => void>();

/** Set the signer while the client is open: an unlocked key, a wallet, or none. */
export function setSigner(next: Signer | undefined): void {
  unfollow();
  unfollow = () => undefined;
  notify(next);
}

/** Sign with a wallet, and follow it to other accounts and chains; WalletError when it refuses. */
export async function signInWith(announced: Announced): Promise<void> {
  const wallet = await Wallet.connect(announced);
  setSigner(wallet);
  unfollow = wallet.follow(notify);
}

function notify(next: Signer | undefined): void {
  signer = next;
  for (const listener of listeners) listener();
}

/** The current signer. */
export function useSigner(): Signer | undefined {
  const [current, setCurrent] = useState(signer);
  useEffect(() => {
    const listener = () => {
      setCurrent(signer);
    };
    listeners.add(listener);
    listener();
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return current;
}

/** The unlocked key, if no wallet signs. */
export function useKey(): SigningKey | undefined {
  const current = useSigner();
  return current instanceof SigningKey ? current : undefined;
}
