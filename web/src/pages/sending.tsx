/** Last step of a member's action in a round: a signature, or the wallet's transaction. */

import { useState } from "preact/hooks";

import { Gateway, MINING_MS, Refusal } from "../client/gateway.ts";
import { Member } from "../client/proposing.ts";
import { type Config, membership, type Membership, type Round } from "../client/views.ts";
import { Wallet } from "../client/wallet.ts";
import { t } from "../messages/index.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import type { Signer } from "../protocol/keys.ts";
import { Failure, type Resource, useResource } from "../view/resource.tsx";
import { gateway, readConfig } from "../view/session.ts";
import { shownSoon } from "../view/waiting.ts";

/**
 * Membership of an account in a round, or of the invitation that is bound to this key; undefined if
 * it is not a member, or without a signer.
 */
export function useMembership(
  { round }: Round,
  signer: Signer | undefined,
): Resource<{ readonly membership: Membership | undefined }> {
  const account = signer && toHex(signer.address);
  return useResource(async () => {
    if (account === undefined) return { membership: undefined };
    try {
      return { membership: await gateway.get(`/rounds/${round}/members/${account}`, membership) };
    } catch (error) {
      if (error instanceof Refusal && error.problem.code === "no-such-member") {
        return { membership: undefined };
      }
      throw error;
    }
  }, [round, account]);
}

interface Props {
  readonly config: Config;
  readonly round: Round;
  readonly signer: Signer;
  readonly member: Membership;
  /** Label of the button that signs. */
  readonly sign: string;
  readonly relay: (member: Member) => Promise<void>;
  /** Transaction to the treasury that the wallet can send instead. */
  readonly call: () => Uint8Array;
  /** What the gateway must learn after the wallet's transaction, which it did not send. */
  readonly afterTransaction?: () => Promise<void>;
  /** Called when it is done; not mined if a wallet with several owners still asks them. */
  readonly done: (mined: boolean) => void;
  readonly back: string;
  readonly leave: () => void;
}

/** Buttons to sign, to send, or to cancel. */
export function Sending({
  config,
  round,
  signer,
  member,
  sign,
  relay,
  call,
  afterTransaction,
  done,
  back,
  leave,
}: Props) {
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>();
  const [minedIn, setMinedIn] = useState<bigint>();
  const signs = sameBytes(member.registeredKey ?? member.signingKey, signer.address);
  // The treasury takes transactions from accounts, not from keys that are bound to invitations.
  const transacts = signer instanceof Wallet && !member.registeredKey;
  const once = async (steps: () => Promise<boolean>) => {
    setWorking(true);
    setError(undefined);
    let mined: boolean;
    try {
      mined = await steps();
    } catch (problem) {
      setError(problem);
      setWorking(false);
      return;
    }
    done(mined);
  };
  return (
    <>
      {signs ? (
        <p class="hint">{t("propose.signNote")}</p>
      ) : (
        <p class="notice warn">{t("propose.otherKey")}</p>
      )}
      {transacts && <p class="hint">{t("propose.transactNote")}</p>}
      <p class="actions">
        {signs && (
          <button
            type="button"
            class="primary"
            disabled={working}
            onClick={() =>
              void once(async () => {
                const { account } = member;
                await relay(
                  new Member(new Gateway("", "", MINING_MS), signer, config, round, account),
                );
                return true;
              })
            }
          >
            {sign}
          </button>
        )}
        {transacts && (
          <button
            type="button"
            disabled={working}
            onClick={() =>
              void once(async () => {
                const { chainId, treasury } = config;
                // If a later step fails, trying again does not send a second transaction.
                const block = minedIn ?? (await signer.transact(BigInt(chainId), treasury, call()));
                setMinedIn(block);
                if (block !== undefined) {
                  await shownSoon(async () => (await readConfig()).indexedTo >= block);
                  await afterTransaction?.();
                }
                return block !== undefined;
              })
            }
          >
            {t("propose.transact")}
          </button>
        )}
        <button type="button" disabled={working} onClick={leave}>
          {back}
        </button>
      </p>
      {working && <p role="status">{t("propose.signing")}</p>}
      {error !== undefined && <Failure error={error} />}
    </>
  );
}
