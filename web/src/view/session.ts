/** What all pages share while the client is open: gateway, worker, unlocked key, chain's provider. */

import { useEffect, useState } from "preact/hooks";

import { Gateway } from "../client/gateway.ts";
import { type Config, config } from "../client/views.ts";
import type { SigningKey } from "../protocol/keys.ts";
import { Workshop } from "../work/workshop.ts";

export const gateway = new Gateway();
export const workshop = new Workshop();

/** Where this device keeps things; throws where the browser forbids it. */
export function store(): Storage {
  return localStorage;
}

/** What the gateway says of itself, as it is now. */
export async function readConfig(): Promise<Config> {
  return await gateway.get("/config", config);
}

/** A provider of chain data: the one that the address names, or the gateway's. */
export function rpcUrlOf({ rpcUrl }: Config): string | undefined {
  return new URLSearchParams(location.search).get("rpc") ?? rpcUrl;
}

let unlocked: SigningKey | undefined;
const listeners = new Set<() => void>();

/** Unlock a key for as long as the client is open, or lock it again. */
export function setKey(key: SigningKey | undefined): void {
  unlocked = key;
  for (const tell of listeners) tell();
}

/** The unlocked key. */
export function useKey(): SigningKey | undefined {
  const [key, setOwn] = useState(unlocked);
  useEffect(() => {
    const tell = () => {
      setOwn(unlocked);
    };
    listeners.add(tell);
    tell();
    return () => {
      listeners.delete(tell);
    };
  }, []);
  return key;
}
