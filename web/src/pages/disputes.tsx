/** Disputes about a poll's count: the window, demands for proof, and counts that were rejected. */

import { type Disputes, disputes } from "../client/views.ts";
import { amount, moment, number, short, t } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import { useResource } from "../view/resource.tsx";
import { gateway } from "../view/session.ts";

/** Of the chain's coin. */
const COIN = { symbol: undefined, decimals: 18 };
const STATES = ["open", "answered", "closed"] as const;
const GROUNDS = ["sum", "padding", "order", "unanswered"] as const;

type Challenge = Disputes["challenges"][number];

/** What is disputed about a poll; nothing while there is nothing to say. */
export function DisputesOf({ poll, anchored }: { poll: bigint; anchored: boolean }) {
  const found = useResource(
    (signal) => {
      return gateway.get(`/polls/${poll}/disputes`, disputes, signal);
    },
    [poll, anchored],
  );
  // Without an answer the page says nothing: whoever votes or verifies does not need it.
  if (found.value === undefined) return null;
  return <DisputesSection shown={found.value} anchored={anchored} />;
}

/** The same, of what a gateway answered. */
export function DisputesSection({ shown, anchored }: { shown: Disputes; anchored: boolean }) {
  if (!shown.disputable) return null;
  const { challenges, rejections, windowEndsAt, endsAtLatest, contested, bond } = shown;
  const waits = anchored && windowEndsAt !== undefined;
  if (!waits && challenges.length === 0 && rejections.length === 0) return null;
  return (
    <section>
      <h2>{t("disputes.title")}</h2>
      {waits && !contested && <p>{t("disputes.window", { until: moment(windowEndsAt) })}</p>}
      {waits && contested && endsAtLatest !== undefined && (
        <p class="notice warn">{t("disputes.contested", { until: moment(endsAtLatest) })}</p>
      )}
      {rejections.map(({ round, ground }) => (
        <p class="notice warn" key={round}>
          {t("disputes.rejected", { ground: groundOf(ground) })}
        </p>
      ))}
      {challenges.length > 0 && (
        <ul>
          {challenges.map((one) => (
            <li key={toHex(one.challenge)}>{described(one)}</li>
          ))}
        </ul>
      )}
      {waits && bond !== undefined && (
        <p class="hint">{t("disputes.cost", { bond: amount(bond, COIN) })}</p>
      )}
    </section>
  );
}

function described({ leaf, voter, state, deadline, bond }: Challenge): string {
  const values = {
    state: stateOf(state),
    deadline: moment(deadline),
    bond: amount(bond, COIN),
  };
  if (voter !== undefined) {
    return t("disputes.omission", { voter: short(toHex(voter)), ...values });
  }
  return t("disputes.leaf", { place: number((leaf ?? 0) + 1), ...values });
}

function stateOf(state: string): string {
  const known = STATES.find((one) => one === state);
  return known === undefined ? state : t(`disputes.states.${known}`);
}

function groundOf(ground: string): string {
  const known = GROUNDS.find((one) => one === ground);
  return known === undefined ? ground : t(`disputes.grounds.${known}`);
}
