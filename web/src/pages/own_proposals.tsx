/** A member's own proposals in a round, to change or withdraw while proposals are open. */

import { useState } from "preact/hooks";

import { withdrawCall } from "../client/abi.ts";
import { ownOf } from "../client/proposing.ts";
import type { Config, Proposal, Round } from "../client/views.ts";
import { t } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import type { Signer } from "../protocol/keys.ts";
import { Await } from "../view/resource.tsx";
import { useSigner } from "../view/session.ts";
import { Sending, useMembership } from "./sending.tsx";
import { SignedIn, SignIn } from "./sign_in.tsx";

interface Props {
  readonly config: Config;
  readonly round: Round;
  readonly listed: readonly Proposal[];
  /** Read the round again. */
  readonly reload: () => void;
}

export function OwnProposals(props: Props) {
  const { config } = props;
  const signer = useSigner();
  return (
    <section aria-labelledby="own">
      <h2 id="own">{t("propose.own")}</h2>
      {signer ? (
        <>
          <SignedIn signer={signer} config={config} />
          <Own key={toHex(signer.address)} signer={signer} {...props} />
        </>
      ) : (
        <details>
          <summary>{t("propose.signIn")}</summary>
          <SignIn />
        </details>
      )}
    </section>
  );
}

function Own({ config, round, listed, reload, signer }: Props & { signer: Signer }) {
  const [leaving, setLeaving] = useState<Proposal>();
  const [pending, setPending] = useState(false);
  const found = useMembership(round, signer);
  const account = found.value?.membership?.account ?? signer.address;
  const own = ownOf(listed, account).filter(({ withdrawn }) => !withdrawn);
  return (
    <>
      {pending && (
        <p class="notice" role="status">
          {t("propose.sent")}
        </p>
      )}
      {found.value && !own.length && <p>{t("propose.ownNone")}</p>}
      <ul class="cards">
        {own.map((one) => (
          <li key={toHex(one.proposal)}>
            <h3>{one.title}</h3>
            {leaving === one ? (
              <>
                <p>{t("propose.withdrawSure", { title: one.title })}</p>
                <Await resource={found}>
                  {({ membership }) =>
                    membership && (
                      <Sending
                        config={config}
                        round={round}
                        signer={signer}
                        member={membership}
                        sign={t("propose.withdrawSign")}
                        relay={(member) => member.withdraw(one.proposal)}
                        call={() => withdrawCall(one.proposal)}
                        done={(mined) => {
                          setLeaving(undefined);
                          setPending(!mined);
                          reload();
                        }}
                        back={t("propose.keep")}
                        leave={() => {
                          setLeaving(undefined);
                        }}
                      />
                    )
                  }
                </Await>
              </>
            ) : (
              <p class="actions">
                <a href={`/rounds/${round.round}/proposals/${toHex(one.proposal)}/edit`}>
                  {t("propose.edit", { title: one.title })}
                </a>
                <button
                  type="button"
                  onClick={() => {
                    setLeaving(one);
                  }}
                >
                  {t("propose.withdraw", { title: one.title })}
                </button>
              </p>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
