/** Choice of the signer: a key of this browser or a wallet, with the wallet's problems. */

import { useEffect, useState } from "preact/hooks";

import { keptKeys } from "../client/key_file.ts";
import type { Config } from "../client/views.ts";
import { type Announced, discover, Wallet } from "../client/wallet.ts";
import { short, t } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import type { Signer } from "../protocol/keys.ts";
import { Failure } from "../view/resource.tsx";
import { setSigner, signInWith, store } from "../view/session.ts";
import { Unlock } from "./unlock.tsx";

/** Whether the signer is a contract account of a wallet, which cannot sign. */
export function isContract(signer: Signer): boolean {
  return signer instanceof Wallet && signer.isContract;
}

/** Choice of the signer. */
export function SignIn() {
  const kept = keptKeys(store());
  return (
    <>
      <h3>{t("wallet.keys")}</h3>
      {kept.length ? (
        kept.map((locked) => <Unlock key={toHex(locked.address)} locked={locked} />)
      ) : (
        <p>{t("wallet.noKey")}</p>
      )}
      <p class="actions">
        <a href="/register">{t("wallet.register")}</a>
        <a href="/key">{t("wallet.import")}</a>
      </p>
      <h3>{t("wallet.wallets")}</h3>
      <Wallets />
    </>
  );
}

/** The wallets of this browser. */
export function Wallets() {
  const [found, setFound] = useState<readonly Announced[]>([]);
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => discover(setFound), []);
  const connect = async (announced: Announced) => {
    setAsking(true);
    setError(undefined);
    try {
      await signInWith(announced);
    } catch (problem) {
      setError(problem);
    }
    setAsking(false);
  };
  return (
    <>
      <p>{found.length ? t("wallet.found") : t("wallet.none")}</p>
      <p class="actions">
        {found.map((one) => (
          <button key={one.uuid} type="button" disabled={asking} onClick={() => void connect(one)}>
            {one.icon && <img class="icon" src={one.icon} alt="" width={24} height={24} />}
            {t("wallet.connect", { name: one.name })}
          </button>
        ))}
      </p>
      {asking && <p role="status">{t("wallet.asking")}</p>}
      {error !== undefined && <Failure error={error} />}
    </>
  );
}

/** Why a contract account cannot cast a ballot, and what to do instead. */
export function ContractNotice() {
  return (
    <div class="notice warn" role="status">
      <p>{t("wallet.contract")}</p>
      <a href="/voting-key">{t("wallet.nameKey")}</a>
    </div>
  );
}

/** The current signer, with a notice if a wallet is on another chain. */
export function SignedIn({ signer, config }: { signer: Signer; config: Config }) {
  const address = short(toHex(signer.address));
  return (
    <section class="signer" aria-label={t("nav.key")}>
      <p class="actions">
        <span>
          {signer instanceof Wallet
            ? t("wallet.withWallet", { name: signer.walletName, address })
            : t("wallet.withKey", { address })}
        </span>
        <button
          type="button"
          onClick={() => {
            setSigner(undefined);
          }}
        >
          {t("wallet.leave")}
        </button>
      </p>
      {signer instanceof Wallet && signer.chainId !== BigInt(config.chainId) && (
        <OtherChain wallet={signer} wanted={config.chainId} />
      )}
    </section>
  );
}

function OtherChain({ wallet, wanted }: { wallet: Wallet; wanted: number }) {
  const [error, setError] = useState<unknown>();
  return (
    <div class="notice warn" role="status">
      <p>
        {t("wallet.otherChain", { chain: wallet.chainId.toString(), wanted: wanted.toString() })}
      </p>
      <button
        type="button"
        onClick={() => {
          setError(undefined);
          wallet.useChain(BigInt(wanted)).catch(setError);
        }}
      >
        {t("wallet.change", { wanted: wanted.toString() })}
      </button>
      {error !== undefined && <Failure error={error} />}
    </div>
  );
}
