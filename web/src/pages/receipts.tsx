/** Receipts of one ballot, node by node. */

import { useId } from "preact/hooks";

import type { Refusals } from "../client/casting.ts";
import type { ReceiptedBallot, SavedVotes } from "../client/votes.ts";
import { moment, t } from "../messages/index.ts";
import { problemText } from "../messages/server_texts.ts";
import { toHex } from "../protocol/encoding.ts";
import { Facts, saveFile } from "../view/page.tsx";

export function Receipts({
  votes,
  ballot,
  refusals,
}: {
  votes: SavedVotes;
  ballot: ReceiptedBallot;
  refusals: Refusals;
}) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>{t("receipts.title")}</h3>
      <ul class="receipts">
        {votes.poll.committee.members.map((_, place) => {
          const node = place + 1;
          const good = ballot.receipts.has(node);
          const problem = refusals.get(node);
          const other =
            problem === undefined
              ? t("receipts.waiting")
              : t("receipts.because", { reason: problemText(problem) });
          return (
            <li key={node} class={good ? "good" : ""}>
              <span aria-hidden="true">{good ? "✓" : "…"}</span>{" "}
              {t("receipts.node", { number: node })}: {good ? t("receipts.good") : other}
            </li>
          );
        })}
      </ul>
      <Facts
        facts={[
          [t("receipts.digest"), <code class="digest">{toHex(ballot.digest)}</code>],
          [t("receipts.castAt"), moment(ballot.castAtUnixS)],
        ]}
      />
      <button
        type="button"
        onClick={() => {
          const name = `${votes.poll.pollId}-${toHex(votes.voter).slice(0, 12)}`;
          saveFile(`ostraka-votes-${name}.json`, votes.toText());
        }}
      >
        {t("receipts.download")}
      </button>
      <p class="hint">{t("receipts.note")}</p>
    </section>
  );
}
