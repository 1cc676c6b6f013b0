/** Casting a ballot: the voter fills it in, seals it, and casts or challenges it. */

import { useEffect, useRef, useState } from "preact/hooks";

import { bitsOf } from "../client/answers.ts";
import {
  collectReceipts,
  opened,
  type Refusals,
  sealVote,
  send,
  sign,
  Superseded,
} from "../client/casting.ts";
import { dropDraft } from "../client/drafts.ts";
import { Refusal } from "../client/gateway.ts";
import { type ReceiptedBallot, SavedVotes } from "../client/votes.ts";
import { moment, t } from "../messages/index.ts";
import { problemText } from "../messages/server_texts.ts";
import type { Opening } from "../protocol/opening.ts";
import type { Signer } from "../protocol/keys.ts";
import type { SealedBallot } from "../protocol/prepare.ts";
import type { OpenPoll } from "../protocol/published.ts";
import { Failure } from "../view/resource.tsx";
import { gateway, readConfig, store, worker } from "../view/session.ts";
import type { Detail } from "./ballot/field.ts";
import { Ballot, NotCast, Todo, useDraft } from "./ballot_draft.tsx";
import { Receipts } from "./receipts.tsx";
import { Opened, Sealed } from "./sealed.tsx";
import "./casting.css";

type Work =
  | { readonly step: "idle" }
  | { readonly step: "preparing"; readonly done: number; readonly total: number }
  | { readonly step: "signing" | "sending" };

const IDLE: Work = { step: "idle" };

export function Casting({
  voter,
  account,
  poll,
  details,
  trusted,
  arrived,
}: {
  voter: Signer;
  account: Uint8Array;
  poll: OpenPoll;
  details: readonly Detail[];
  trusted: boolean;
  arrived: boolean;
}) {
  const [votes] = useState(() => SavedVotes.open(store(), poll, account));
  const draft = useDraft(poll);
  const { answers, clear } = draft;
  const [changing, setChanging] = useState(!votes.last);
  const [reviewed, setReviewed] = useState(false);
  const [sealed, setSealed] = useState<SealedBallot>();
  const [shown, setShown] = useState<Opening>();
  const [work, setWork] = useState<Work>(IDLE);
  const [refusals, setRefusals] = useState<Refusals>(new Map());
  const [error, setError] = useState<unknown>();
  const [, redraw] = useState(0);
  const busy = useRef(false);
  const panel = useRef<HTMLElement>(null);
  const refresh = () => {
    redraw((before) => before + 1);
  };

  /** Allows one action at a time, even if a button is pressed repeatedly. */
  const once = async (steps: () => Promise<void>) => {
    if (busy.current) return;
    busy.current = true;
    setError(undefined);
    try {
      await steps();
    } catch (problem) {
      setError(problem);
    }
    busy.current = false;
    setWork(IDLE);
    panel.current?.focus();
  };
  const collect = (ballot: ReceiptedBallot) => {
    void collectReceipts(gateway, store(), votes, ballot, refresh);
  };
  const deliver = async (ballot: ReceiptedBallot) => {
    setWork({ step: "sending" });
    setRefusals(await send(gateway, store(), votes, ballot, refresh));
    // Nodes that were slow give their receipts later, while the page shows success.
    collect(ballot);
    if (votes.recorded(ballot)) {
      // The draft contains the choice unencrypted.
      dropDraft(store(), poll.context);
      clear();
    }
  };
  const seal = () =>
    once(async () => {
      setWork({ step: "preparing", done: 0, total: 3 });
      const { head } = await readConfig();
      const bits = bitsOf(poll.questions, answers);
      const ballot = await sealVote(worker, store(), votes, bits, head.timestamp, (done, total) => {
        setWork({ step: "preparing", done, total });
      });
      setSealed(ballot);
      // Whoever goes back from here continues with the review.
      setReviewed(true);
    });
  const cast = (ballot: SealedBallot) =>
    once(async () => {
      // A ballot cannot be opened while a wallet asks whether to cast it.
      setWork({ step: "signing" });
      let kept: ReceiptedBallot;
      try {
        kept = await sign(store(), votes, voter, ballot);
      } catch (problem) {
        if (problem instanceof Superseded) setSealed(undefined);
        throw problem;
      }
      setSealed(undefined);
      setChanging(false);
      await deliver(kept);
    });
  const sendAgain = () =>
    once(async () => {
      await deliver(votes.last!);
    });
  useEffect(() => {
    // Move the focus on from the sign-in form.
    if (arrived) panel.current?.focus();
    if (votes.last) collect(votes.last);
  }, []);

  const idle = work.step === "idle";
  const before = votes.last !== undefined;
  const filling = changing && !sealed && !shown;
  const recorded = !changing && votes.last && votes.recorded(votes.last);
  const look = filling ? "filling" : `panel ${recorded ? "cast" : "uncast"}`;
  return (
    <section ref={panel} tabIndex={-1} class={look} aria-labelledby="cast">
      <h2 id="cast" tabIndex={-1}>
        {t("cast.title")}
      </h2>
      {shown ? (
        <Opened
          opening={shown}
          sealAgain={() => {
            setShown(undefined);
          }}
        />
      ) : sealed ? (
        <Sealed
          poll={poll}
          ballot={sealed}
          idle={idle}
          before={before}
          cast={() => void cast(sealed)}
          challenge={() => {
            if (busy.current) return;
            // From here on, nothing is left to cast.
            setSealed(undefined);
            setShown(opened(votes, sealed));
          }}
          back={() => {
            setSealed(undefined);
          }}
        />
      ) : changing ? (
        <>
          {before ? (
            <Changing
              idle={idle}
              keep={() => {
                clear();
                dropDraft(store(), poll.context);
                setChanging(false);
              }}
            />
          ) : (
            <NotCast />
          )}
          <Ballot
            poll={poll}
            details={details}
            draft={draft}
            before={before}
            reviewed={arrived || reviewed}
          >
            {(complete) => (
              <Seal complete={complete} idle={idle} trusted={trusted} seal={() => void seal()} />
            )}
          </Ballot>
        </>
      ) : (
        votes.last && (
          <Sent
            votes={votes}
            ballot={votes.last}
            refusals={refusals}
            idle={idle}
            sendAgain={() => void sendAgain()}
            change={() => {
              setReviewed(false);
              setChanging(true);
            }}
          />
        )
      )}
      <Working work={work} />
      {error instanceof Refusal && error.problem.status < 500 ? (
        <p class="notice bad" role="alert">
          {t("cast.refused", { reason: problemText(error.problem) })}
        </p>
      ) : error instanceof Superseded ? (
        <p class="notice warn" role="alert">
          {t("cast.superseded")}
        </p>
      ) : (
        error !== undefined && <Failure error={error} />
      )}
    </section>
  );
}

function Working({ work }: { work: Work }) {
  if (work.step === "idle") return null;
  const preparing = work.step === "preparing";
  const says = {
    preparing: t("cast.preparing"),
    signing: t("wallet.asking"),
    sending: t("cast.sending"),
  }[work.step];
  return (
    <div role="status">
      <label for="working">{says}</label>
      <progress id="working" {...(preparing && { value: work.done, max: work.total })} />
    </div>
  );
}

/** The ballot that was cast before still counts, and the voter may leave it at that. */
function Changing({ idle, keep }: { idle: boolean; keep: () => void }) {
  return (
    <>
      <p class="state" role="status">
        <strong>{t("cast.changing")}.</strong> {t("cast.changingText")}
      </p>
      <p class="actions">
        <button type="button" disabled={!idle} onClick={keep}>
          {t("cast.keep")}
        </button>
      </p>
    </>
  );
}

/** After the review: what is missing, and the button that seals. */
function Seal({
  complete,
  idle,
  trusted,
  seal,
}: {
  complete: boolean;
  idle: boolean;
  trusted: boolean;
  seal: () => void;
}) {
  const todo = [
    ...(complete ? [] : [t("cast.incomplete")]),
    ...(trusted ? [] : [t("cast.checkChain")]),
  ];
  return (
    <>
      <Todo items={todo} />
      <p class="actions">
        <button type="button" class="primary" disabled={!idle || todo.length > 0} onClick={seal}>
          {t("cast.seal")}
        </button>
      </p>
      <p class="hint">{t("cast.sealNote")}</p>
    </>
  );
}

/** A ballot is on its way or recorded. */
function Sent({
  votes,
  ballot,
  refusals,
  idle,
  sendAgain,
  change,
}: {
  votes: SavedVotes;
  ballot: ReceiptedBallot;
  refusals: Refusals;
  idle: boolean;
  sendAgain: () => void;
  change: () => void;
}) {
  const { members, quorum } = votes.poll.committee;
  const recorded = votes.recorded(ballot);
  const receipts = ballot.receipts.size;
  return (
    <>
      <p class="state" role="status">
        <strong>{recorded ? t("cast.recorded") : t("cast.unrecorded")}.</strong>{" "}
        {recorded
          ? t("cast.recordedText", { receipts, nodes: members.length, quorum })
          : t("cast.unrecordedText", { receipts, quorum })}
      </p>
      {recorded && <p>{t("cast.next", { time: moment(votes.poll.parameters.closesAt) })}</p>}
      <Receipts votes={votes} ballot={ballot} refusals={refusals} />
      <p class="actions">
        {!recorded && (
          <button type="button" class="primary" disabled={!idle} onClick={sendAgain}>
            {t("cast.again")}
          </button>
        )}
        <button type="button" disabled={!idle} onClick={change}>
          {t("cast.change")}
        </button>
      </p>
    </>
  );
}
