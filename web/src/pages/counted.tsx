/** After the vote: the voter's receipts, and whether the ballot was counted. */

import { useId, useState } from "preact/hooks";

import { fetchBoard } from "../client/board.ts";
import { samePoll, type OpenPoll } from "../protocol/published.ts";
import { type Config, results } from "../client/views.ts";
import { SavedVotes, type Verdict } from "../client/votes.ts";
import { t } from "../messages/index.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import { Malformed, Undecided } from "../protocol/errors.ts";
import { Failure } from "../view/resource.tsx";
import { gateway, rpcUrlOf, store, worker } from "../view/session.ts";
import { Receipts } from "./receipts.tsx";
import "./casting.css";

type Answer = Verdict | "otherRoot";

const COLOURS = { yes: "good", unrecorded: "warn", older: "bad", no: "bad", otherRoot: "bad" };

/** Votes of a poll that this device stores, of any voter, and votes from files. */
export function Counted({
  config,
  poll,
  agreed,
}: {
  config: Config;
  poll: OpenPoll;
  agreed: boolean;
}) {
  const [kept, setKept] = useState(() => SavedVotes.all(store(), poll));
  const [wrong, setWrong] = useState("");
  const id = useId();
  const take = async (file: File) => {
    setWrong("");
    try {
      const votes = SavedVotes.parse(await file.text());
      if (!votes.last || !samePoll(votes.poll, poll))
        throw new Malformed("votes", "of another poll");
      setKept([...kept.filter(({ voter }) => !sameBytes(voter, votes.voter)), votes]);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      setWrong(t("counted.notOne", { reason: error.message }));
    }
  };
  return (
    <>
      {kept.map((votes) => (
        <Voter key={toHex(votes.last!.digest)} config={config} votes={votes} agreed={agreed} />
      ))}
      {!kept.length && (
        <>
          <h2>{t("counted.title")}</h2>
          <p>{t("counted.noVotes")}</p>
        </>
      )}
      <div class="field">
        <label for={id}>{t("counted.file")}</label>
        <input
          id={id}
          type="file"
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? [];
            if (file) void take(file);
          }}
        />
        {wrong && (
          <p class="notice bad" role="alert">
            {wrong}
          </p>
        )}
      </div>
    </>
  );
}

function Voter({ config, votes, agreed }: { config: Config; votes: SavedVotes; agreed: boolean }) {
  const ballot = votes.last!;
  const id = useId();
  const [working, setWorking] = useState(false);
  const [found, setFound] = useState<{ answer: Answer; trusted: boolean }>();
  const [error, setError] = useState<unknown>();
  const lookUp = async () => {
    setWorking(true);
    setError(undefined);
    try {
      setFound(await counted(config, votes));
    } catch (problem) {
      setError(problem);
    }
    setWorking(false);
  };
  return (
    <section class="panel cast" aria-labelledby={id}>
      <h2 id={id}>{t("counted.title")}</h2>
      {!agreed && <p>{t("counted.early")}</p>}
      {agreed && (
        <button type="button" class="primary" disabled={working} onClick={() => void lookUp()}>
          {t("counted.button")}
        </button>
      )}
      {working && <p role="status">{t("counted.working")}</p>}
      {found && (
        <div class={`notice ${COLOURS[found.answer]}`} role="status">
          <p>{t(`counted.${found.answer}`)}</p>
          {found.trusted && <p>{t("counted.trusted")}</p>}
        </div>
      )}
      {error !== undefined && <Failure error={error} />}
      <Receipts votes={votes} ballot={ballot} refusals={new Map()} />
    </section>
  );
}

async function counted(
  config: Config,
  votes: SavedVotes,
): Promise<{ answer: Answer; trusted: boolean }> {
  const { poll, voter } = votes;
  const board = await fetchBoard(gateway, poll.pollId, poll.committee);
  const { digest, root } = await worker.run("look_up", { board, voter });
  const { hash, trusted } = await rootOf(config, poll);
  return { answer: sameBytes(root.hash, hash) ? votes.verdict(digest) : "otherRoot", trusted };
}

/** Hash of the anchored root, from the chain, or from the gateway if the chain is unreachable. */
async function rootOf(
  config: Config,
  { pollId }: OpenPoll,
): Promise<{ hash: Uint8Array; trusted: boolean }> {
  const url = rpcUrlOf(config);
  if (url !== undefined) {
    const { readAnchoredHash } = await import("../client/chain.ts");
    try {
      return { hash: await readAnchoredHash(url, config.registry, pollId), trusted: false };
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
    }
  }
  const { root } = await gateway.get(`/polls/${pollId}/results`, results);
  return { hash: root, trusted: true };
}
