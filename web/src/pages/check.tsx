/** Page for a second device: note a ballot's number, and check the ballot if it is opened. */

import { useEffect, useId, useState } from "preact/hooks";

import { termsOf } from "../client/casting.ts";
import { type Carried, carriedBy, digestOf, noteDigest, notedDigests } from "../client/noted.ts";
import { pollOfGateway } from "../client/poll.ts";
import type { OpenPoll } from "../protocol/published.ts";
import { type Config, poll } from "../client/views.ts";
import { moment, short, t } from "../messages/index.ts";
import { readOpening } from "../protocol/opening.ts";
import { ADDRESS_BYTES, toHex } from "../protocol/encoding.ts";
import { Malformed, Rejected } from "../protocol/errors.ts";
import { answersOf, type QuestionAnswer } from "../protocol/question/poll.ts";
import { ofMilliseconds } from "../protocol/units.ts";
import { Page } from "../view/page.tsx";
import { Await, Failure, useResource } from "../view/resource.tsx";
import { gateway, readConfig, store, worker } from "../view/session.ts";
import { ChainNotice, useChainCheck } from "./chain_notice.tsx";
import { Answers } from "./sealed.tsx";

export function CheckPage({ id }: { id: bigint }) {
  const found = useResource(
    async () => ({ config: await readConfig(), shown: await gateway.get(`/polls/${id}`, poll) }),
    [id],
  );
  return (
    <Page title={t("check.document")}>
      <p class="lead">{t("check.lead")}</p>
      <Await resource={found}>
        {({ config, shown }) =>
          shown.pollKeys ? (
            <OfPoll config={config} shown={pollOfGateway(shown, config)} />
          ) : (
            <p class="notice">{t("check.early")}</p>
          )
        }
      </Await>
    </Page>
  );
}

function OfPoll({ config, shown }: { config: Config; shown: OpenPoll }) {
  const checked = useChainCheck(config, shown);
  const carried = useCarried(shown);
  // The chain's data take precedence over the gateway's.
  const asked = checked.state === "checked" ? checked.poll : shown;
  return (
    <>
      <h2>{shown.description.title}</h2>
      <ChainNotice checked={checked} />
      {checked.state !== "lies" && checked.state !== "checking" && (
        <Form key={carried.opening} poll={asked} carried={carried.opening} />
      )}
    </>
  );
}

/** Content of the address; a number is noted at once, before anything is opened. */
function useCarried({ context }: OpenPoll): Carried {
  const read = () => carriedBy(location.hash);
  const [carried, setCarried] = useState(read);
  useEffect(() => {
    const arrive = () => {
      setCarried(read());
    };
    addEventListener("hashchange", arrive);
    return () => {
      removeEventListener("hashchange", arrive);
    };
  }, []);
  if (carried.number) noteDigest(store(), context, carried.number, Date.now());
  return carried;
}

type Answer =
  | {
      readonly kind: "says";
      readonly answers: readonly QuestionAnswer[];
      readonly digest: string;
      /** Account of the ballot. */
      readonly account: string;
      /** Time when this device noted it; undefined if it did not. */
      readonly notedAtMs: number | undefined;
    }
  | { readonly kind: "bad" | "unread"; readonly reason: string }
  | { readonly kind: "digest" };

function Form({ poll, carried }: { poll: OpenPoll; carried: string }) {
  const noted = notedDigests(store(), poll.context);
  const latest = noted.at(-1);
  const [number, setNumber] = useState(latest ? toHex(latest.digest) : "");
  const [content, setContent] = useState(carried);
  const [answer, setAnswer] = useState<Answer>();
  const [error, setError] = useState<unknown>();
  const id = useId();
  const check = async () => {
    setError(undefined);
    setAnswer(undefined);
    const digest = digestOf(number);
    if (!digest) {
      setAnswer({ kind: "digest" });
      return;
    }
    try {
      const opening = readOpening(content);
      const held = { poll: termsOf(poll), noted: digest, opening };
      await worker.run("challenge", held);
      const before = noted.find((one) => toHex(one.digest) === toHex(digest));
      setAnswer({
        kind: "says",
        answers: answersOf(poll.questions, opening.bits),
        digest: toHex(digest),
        account: toHex(opening.ballot.subarray(0, ADDRESS_BYTES)),
        notedAtMs: before?.atMs,
      });
    } catch (problem) {
      if (problem instanceof Rejected) setAnswer({ kind: "bad", reason: problem.message });
      else if (problem instanceof Malformed) setAnswer({ kind: "unread", reason: problem.message });
      else setError(problem);
    }
  };
  return (
    <>
      {latest && !content && (
        <div class="notice good" role="status">
          <p>
            {t("check.noted", {
              number: short(toHex(latest.digest)),
              time: moment(ofMilliseconds(latest.atMs)),
            })}
          </p>
          <p>{t("check.next")}</p>
        </div>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void check();
        }}
      >
        <label for={`${id}-number`}>{t("check.digest")}</label>
        <input
          id={`${id}-number`}
          required
          spellcheck={false}
          autocomplete="off"
          value={number}
          onInput={(event) => {
            setNumber(event.currentTarget.value);
          }}
        />
        <label for={`${id}-file`}>{t("check.file")}</label>
        <input
          id={`${id}-file`}
          type="file"
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? [];
            if (file) void file.text().then(setContent, setError);
          }}
        />
        <label for={`${id}-content`}>{t("check.content")}</label>
        <textarea
          id={`${id}-content`}
          required
          rows={4}
          spellcheck={false}
          value={content}
          onInput={(event) => {
            setContent(event.currentTarget.value);
          }}
        />
        <button type="submit" class="primary">
          {t("check.button")}
        </button>
      </form>
      {answer && <Outcome answer={answer} />}
      {error !== undefined && <Failure error={error} />}
    </>
  );
}

function Outcome({ answer }: { answer: Answer }) {
  if (answer.kind !== "says") {
    return (
      <p class="notice bad" role="alert">
        {answer.kind === "digest"
          ? t("check.badDigest")
          : t(`check.${answer.kind}`, { reason: answer.reason })}
      </p>
    );
  }
  const { digest, account, notedAtMs } = answer;
  return (
    <div class={`notice ${notedAtMs === undefined ? "warn" : "good"}`} role="status">
      <p>
        {notedAtMs === undefined
          ? t("check.unnoted")
          : t("check.noted", { number: short(digest), time: moment(ofMilliseconds(notedAtMs)) })}
      </p>
      <p>{t("check.account", { account })}</p>
      <p>{t("check.good")}</p>
      <Answers answers={answer.answers} />
      <p>{t("check.compare")}</p>
    </div>
  );
}
