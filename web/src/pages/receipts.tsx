/** Receipts of one ballot, node by node. */

import { useId } from "preact/hooks";

import type { Refusals } from "../client/casting.ts";
import type { SavedBallot, SavedVotes } from "../client/votes.ts";
import { moment, number, refusal, words } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import { Facts, saveFile } from "../view/page.tsx";

export function Receipts({
  votes,
  ballot,
  refusals,
}: {
  votes: SavedVotes;
  ballot: SavedBallot;
  refusals: Refusals;
}) {
  const text = words.receipts;
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>{text.title}</h3>
      <ul class="receipts">
        {votes.poll.committee.members.map((_, place) => {
          const node = place + 1;
          const good = ballot.receipts.has(node);
          const reason = refusals.get(node);
          const other = reason === undefined ? text.waiting : text.because(refusal(reason));
          return (
            <li key={node} class={good ? "good" : ""}>
              <span aria-hidden="true">{good ? "✓" : "…"}</span> {text.node(number(node))}:{" "}
              {good ? text.good : other}
            </li>
          );
        })}
      </ul>
      <Facts
        facts={[
          [text.digest, <code class="digest">{toHex(ballot.digest)}</code>],
          [text.castAt, moment(ballot.castAtUnixS)],
        ]}
      />
      <button
        type="button"
        onClick={() => {
          const name = `${votes.poll.pollId}-${toHex(votes.voter).slice(0, 12)}`;
          saveFile(`ostraka-votes-${name}.json`, votes.toText());
        }}
      >
        {text.download}
      </button>
      <p class="hint">{text.note}</p>
    </section>
  );
}
