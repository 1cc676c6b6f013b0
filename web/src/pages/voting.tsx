/** Voting: is it the real poll, who votes, the ballot, one step that casts it, the receipts. */

import { useEffect, useRef, useState } from "preact/hooks";

import { bitsOf, problemOf, readEntries } from "../client/answers.ts";
import {
  fetchReceipts,
  opened,
  sealVote,
  type Refusals,
  send,
  sign,
  Superseded,
  termsOf,
} from "../client/casting.ts";
import { dropDraft, readDraft, writeDraft } from "../client/drafts.ts";
import { Refusal, Unreachable } from "../client/gateway.ts";
import type { SealedBallot } from "../protocol/prepare.ts";
import type { OpenPoll } from "../protocol/published.ts";
import { type Registration, registrationsFor } from "../client/registration.ts";
import { readStanding, type Standing } from "../client/standing.ts";
import type { Config } from "../client/views.ts";
import { type ReceiptedBallot, SavedVotes } from "../client/votes.ts";
import { short, t } from "../messages/index.ts";
import { problemText } from "../messages/server_texts.ts";
import type { Opening } from "../protocol/challenge.ts";
import { toHex } from "../protocol/encoding.ts";
import type { Entries } from "../protocol/question/entries.ts";
import type { Signer } from "../protocol/keys.ts";
import { useAmount } from "../view/currency.ts";
import { Await, Failure, useResource } from "../view/resource.tsx";
import { gateway, readConfig, store, useSigner, worker } from "../view/session.ts";
import type { Detail } from "./ballot/field.ts";
import { QuestionField } from "./ballot/form.tsx";
import { entryProblemText } from "./ballot/problems.ts";
import { ChainNotice, useChainCheck } from "./chain_notice.tsx";
import { Receipts } from "./receipts.tsx";
import { SaveConfirmation } from "./confirmation.tsx";
import { Opened, Sealed } from "./sealed.tsx";
import { ContractNotice, isContract, SignedIn, SignIn } from "./sign_in.tsx";

/** After so long receipts that were missing when a ballot was sent are asked for once more. */
const LATER_MS = 15_000;

interface Props {
  readonly config: Config;
  /** As the gateway shows it. */
  readonly shown: OpenPoll;
  readonly voters: number;
  readonly details: readonly Detail[];
}

export function Voting({ config, shown, voters, details: told }: Props) {
  const checked = useChainCheck(config, shown);
  const [accepted, setAccepted] = useState(false);
  const signer = useSigner();
  const [atFirst] = useState(signer);
  // What the chain says goes before what the gateway shows.
  const poll = checked.state === "checked" ? checked.poll : shown;
  const details = (checked.state === "checked" ? checked.details : undefined) ?? told;
  const trusted = checked.state === "checked" || (checked.state === "unchecked" && accepted);
  useEffect(() => {
    // Tables are made while the voter still chooses.
    worker.run("warm", termsOf(poll)).catch(() => undefined);
  }, [toHex(poll.context)]);
  return (
    <>
      <ChainNotice checked={checked} accepted={accepted} accept={setAccepted} />
      {signer && <SignedIn signer={signer} config={config} />}
      {signer && isContract(signer) && <ContractNotice />}
      {checked.state !== "lies" &&
        (signer && !isContract(signer) ? (
          <Eligible
            key={toHex(signer.address)}
            voter={signer}
            poll={poll}
            voters={voters}
            details={details}
            trusted={trusted}
            root={checked.state === "checked" ? checked.poll.parameters.censusRoot : undefined}
            arrived={signer !== atFirst}
          />
        ) : (
          <NoKey poll={poll} details={details} />
        ))}
    </>
  );
}

/** Without somebody who signs the ballot can be filled in, not cast. */
function NoKey({ poll, details }: { poll: OpenPoll; details: readonly Detail[] }) {
  const draft = useDraft(poll);
  return (
    <>
      <Ballot poll={poll} details={details} draft={draft} />
      <Pending before={false} />
      <section class="panel uncast" aria-labelledby="cast">
        <h2 id="cast" tabIndex={-1}>
          {t("cast.title")}
        </h2>
        <NotCast />
        <p>{t("cast.needKey")}</p>
        <SignIn />
      </section>
    </>
  );
}

/** Stays in sight while the ballot is filled in, until what casts it comes into sight. */
function Pending({ before }: { before: boolean }) {
  return (
    <p class="pending">
      <strong>{before ? t("cast.changing") : t("cast.notCast")}.</strong>{" "}
      <a href="#cast">{t("cast.title")}</a>
    </p>
  );
}

function NotCast() {
  return (
    <p class="state" role="status">
      <strong>{t("cast.notCast")}.</strong> {t("cast.notCastText")}
    </p>
  );
}

interface EligibleProps {
  readonly voter: Signer;
  readonly poll: OpenPoll;
  readonly voters: number;
  readonly details: readonly Detail[];
  readonly trusted: boolean;
  /** Census root as the chain has it; undefined where that was not read. */
  readonly root: Uint8Array | undefined;
  /** Whether the voter has just signed in, on this page. */
  readonly arrived: boolean;
}

function Eligible({ voter, poll, voters, details, trusted, root, arrived }: EligibleProps) {
  const [chosen, setChosen] = useState<Uint8Array>();
  const found = useResource(async () => {
    const registrations = registrationsOf(poll);
    const { address } = voter;
    return await readStanding(gateway, poll.pollId, voters, address, registrations, root);
  }, [root && toHex(root)]);
  return (
    <Await resource={found}>
      {(standing) => {
        if (standing.kind !== "votes") return <NotEligible voter={voter} standing={standing} />;
        const { accounts } = standing;
        const account = chosen ?? accounts[0]!;
        return (
          <>
            {accounts.length > 1 && (
              <WhichAccount accounts={accounts} chosen={account} choose={setChosen} />
            )}
            <Casting
              // Of the gateway's word and of the chain's: receipts are those of one poll.
              key={`${toHex(poll.context)} ${toHex(account)}`}
              voter={voter}
              account={account}
              poll={poll}
              details={details}
              trusted={trusted}
              arrived={arrived}
            />
          </>
        );
      }}
    </Await>
  );
}

/** What this device knows of the poll's invitations; nothing where nobody was invited. */
function registrationsOf({ description: { census, round } }: OpenPoll): Registration[] {
  if (census?.kind !== "invitations") return [];
  return registrationsFor(store(), { root: census.root, nonce: census.nonce, round });
}

/** A key that votes for several accounts casts a ballot for each. */
function WhichAccount({
  accounts,
  chosen,
  choose,
}: {
  accounts: readonly Uint8Array[];
  chosen: Uint8Array;
  choose: (account: Uint8Array) => void;
}) {
  return (
    <fieldset>
      <legend>{t("cast.whichAccount")}</legend>
      {accounts.map((one) => (
        <label class="choice" key={toHex(one)}>
          <input
            type="radio"
            name="account"
            checked={toHex(one) === toHex(chosen)}
            onChange={() => {
              choose(one);
            }}
          />
          <code class="digest">{toHex(one)}</code>
        </label>
      ))}
    </fieldset>
  );
}

/** Why nobody votes with a key, and what to do about it. */
function NotEligible({
  voter,
  standing,
}: {
  voter: Signer;
  standing: Exclude<Standing, { kind: "votes" }>;
}) {
  switch (standing.kind) {
    case "other key": {
      const { account, signingKey } = standing;
      const key = toHex(signingKey);
      return (
        <p class="notice bad" role="alert">
          {toHex(account) === toHex(voter.address)
            ? t("cast.otherKey", { account: toHex(account), key })
            : t("cast.boundElsewhere", { invitation: toHex(account), key })}
        </p>
      );
    }
    case "left out":
      return (
        <div class="notice bad" role="alert">
          <p>{t("cast.leftOut", { key: toHex(voter.address) })}</p>
          <SaveConfirmation registration={standing.registration} />
        </div>
      );
    case "false list":
      return (
        <p class="notice bad" role="alert">
          {t("cast.falseList")}
        </p>
      );
    case "nobody":
      return <p class="notice bad">{t("cast.notEligible", { address: toHex(voter.address) })}</p>;
  }
}

type Work =
  | { readonly step: "idle" }
  | { readonly step: "preparing"; readonly done: number; readonly total: number }
  | { readonly step: "signing" | "sending" };

const IDLE: Work = { step: "idle" };

function Casting({
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
  const [sealed, setSealed] = useState<SealedBallot>();
  const [shown, setShown] = useState<Opening>();
  const [work, setWork] = useState<Work>(IDLE);
  const [refusals, setRefusals] = useState<Refusals>(new Map());
  const [error, setError] = useState<unknown>();
  const [, redraw] = useState(0);
  const busy = useRef(false);
  const panel = useRef<HTMLElement>(null);
  const hear = () => {
    redraw((before) => before + 1);
  };

  /** One thing at a time, however often a button is pressed. */
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
  const fetchMissing = async (ballot: ReceiptedBallot) => {
    if (ballot.receipts.size === poll.committee.members.length) return;
    try {
      await fetchReceipts(gateway, store(), votes, ballot);
    } catch (problem) {
      // Whoever wants them opens the page again.
      if (!(problem instanceof Refusal || problem instanceof Unreachable)) throw problem;
    }
    hear();
  };
  const deliver = async (ballot: ReceiptedBallot) => {
    setWork({ step: "sending" });
    setRefusals(await send(gateway, store(), votes, ballot, hear));
    // The gateway asks on behind a recorded ballot, and is asked for what came of it.
    setTimeout(() => void fetchMissing(ballot), LATER_MS);
    if (votes.recorded(ballot)) {
      // The draft is the choice in the clear.
      dropDraft(store(), poll.context);
      clear();
    }
  };
  const seal = () =>
    once(async () => {
      setWork({ step: "preparing", done: 0, total: 3 });
      const { head } = await readConfig();
      const bits = bitsOf(poll.questions, answers);
      const now = BigInt(head.timestamp);
      const ballot = await sealVote(worker, store(), votes, bits, now, (done, total) => {
        setWork({ step: "preparing", done, total });
      });
      setSealed(ballot);
    });
  const cast = (ballot: SealedBallot) =>
    once(async () => {
      // Nobody shows what a ballot says while a wallet asks whether to cast it.
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
    // On from where the signing in was.
    if (arrived) panel.current?.focus();
    if (votes.last) void fetchMissing(votes.last);
  }, []);

  const idle = work.step === "idle";
  return (
    <>
      {changing && !sealed && !shown && (
        <>
          <Ballot poll={poll} details={details} draft={draft} />
          <Pending before={votes.last !== undefined} />
        </>
      )}
      <section
        ref={panel}
        tabIndex={-1}
        class={`panel ${changing ? "uncast" : votes.last && votes.recorded(votes.last) ? "cast" : "uncast"}`}
        aria-labelledby="cast"
      >
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
            before={votes.last !== undefined}
            cast={() => void cast(sealed)}
            challenge={() => {
              if (busy.current) return;
              // From here on there is nothing left that could be cast.
              setSealed(undefined);
              setShown(opened(votes, sealed));
            }}
            back={() => {
              setSealed(undefined);
            }}
          />
        ) : changing ? (
          <Uncast
            poll={poll}
            answers={answers}
            voter={voter}
            idle={idle}
            trusted={trusted}
            before={votes.last !== undefined}
            seal={() => void seal()}
            keep={() => {
              clear();
              dropDraft(store(), poll.context);
              setChanging(false);
            }}
          />
        ) : (
          votes.last && (
            <Sent
              votes={votes}
              ballot={votes.last}
              refusals={refusals}
              idle={idle}
              sendAgain={() => void sendAgain()}
              change={() => {
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
    </>
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

/** Nothing is cast yet: what is missing, and the one step. */
function Uncast({
  poll,
  answers,
  voter,
  idle,
  trusted,
  before,
  seal,
  keep,
}: {
  poll: OpenPoll;
  answers: readonly Entries[];
  voter: Signer;
  idle: boolean;
  trusted: boolean;
  before: boolean;
  seal: () => void;
  keep: () => void;
}) {
  const amount = useAmount();
  const several = poll.questions.length > 1;
  const todo = poll.questions.flatMap((question, place) => {
    const problem = problemOf(question, answers[place]!);
    if (!problem) return [];
    const says = entryProblemText(problem, question, amount);
    return [several ? t("form.problems.of", { question: question.title, problem: says }) : says];
  });
  if (!trusted) todo.push(t("chain.title"));
  return (
    <>
      {before ? (
        <p class="state" role="status">
          <strong>{t("cast.changing")}.</strong> {t("cast.changingText")}
        </p>
      ) : (
        <NotCast />
      )}
      <p>{t("cast.signAs", { address: short(toHex(voter.address)) })}</p>
      {todo.length > 0 && (
        <>
          <p id="todo">{t("cast.todo")}</p>
          <ul aria-labelledby="todo">
            {todo.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </>
      )}
      <p class="actions">
        <button type="button" class="primary" disabled={!idle || todo.length > 0} onClick={seal}>
          {t("cast.seal")}
        </button>
        {before && (
          <button type="button" disabled={!idle} onClick={keep}>
            {t("cast.keep")}
          </button>
        )}
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

/** The fields of all questions. */
function Ballot({
  poll,
  details,
  draft,
}: {
  poll: OpenPoll;
  details: readonly Detail[];
  draft: Draft;
}) {
  return (
    <form
      onSubmit={(event) => {
        // A key pressed in a field casts nothing.
        event.preventDefault();
      }}
    >
      {poll.questions.map((question, place) => (
        <QuestionField
          key={place}
          name={`q${place}`}
          question={question}
          answer={draft.answers[place]!}
          details={details}
          change={(answer) => {
            draft.change(place, answer);
          }}
        />
      ))}
      {!draft.kept && (
        <p class="notice warn" role="alert">
          {t("cast.unkept")}
        </p>
      )}
    </form>
  );
}

/** A voter's answers, and what may be done with them. */
interface Draft {
  readonly answers: readonly Entries[];
  /** Whether this device keeps them. */
  readonly kept: boolean;
  readonly change: (place: number, answer: Entries) => void;
  readonly clear: () => void;
}

/** Answers to all questions, kept on this device as they change. */
function useDraft(poll: OpenPoll): Draft {
  const read = (draft: unknown) => {
    return poll.questions.map((question, place) => {
      return readEntries(question, Array.isArray(draft) ? draft[place] : undefined);
    });
  };
  const [answers, setAnswers] = useState(() => read(readDraft(store(), poll.context)));
  const [kept, setKept] = useState(true);
  return {
    answers,
    kept,
    change: (place, answer) => {
      const changed = answers.map((one, at) => (at === place ? answer : one));
      setAnswers(changed);
      try {
        writeDraft(store(), poll.context, changed);
        setKept(true);
      } catch (error) {
        // There is no room for it.
        if (!(error instanceof DOMException)) throw error;
        setKept(false);
      }
    },
    clear: () => {
      setAnswers(read(undefined));
    },
  };
}
