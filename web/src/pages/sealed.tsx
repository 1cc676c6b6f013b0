/** A sealed ballot, which the voter casts or challenges (docs/protocol.md §8.9). */

import { useState } from "preact/hooks";

import type { SealedBallot } from "../protocol/prepare.ts";
import type { OpenPoll } from "../protocol/published.ts";
import { t } from "../messages/index.ts";
import { type Opening, openedDigest, openingToJson } from "../protocol/opening.ts";
import { toHex } from "../protocol/encoding.ts";
import { answersOf, type QuestionAnswer } from "../protocol/question/poll.ts";
import { Command } from "../view/copy.tsx";
import { saveFile } from "../view/page.tsx";
import { QrCode } from "../view/qr.tsx";
import "./casting.css";

/** The ballot's content and number, before the voter casts or challenges it. */
export function Sealed({
  poll,
  ballot,
  idle,
  before,
  cast,
  challenge,
  back,
}: {
  poll: OpenPoll;
  ballot: SealedBallot;
  idle: boolean;
  /** Whether another ballot was cast before. */
  before: boolean;
  cast: () => void;
  challenge: () => void;
  back: () => void;
}) {
  const digest = toHex(ballot.digest);
  return (
    <>
      <p class="state" role="status">
        <strong>{t("sealed.state")}.</strong> {t("sealed.stateText")}
      </p>
      <h3>{t("sealed.says")}</h3>
      <Answers answers={answersOf(poll.questions, ballot.opening.bits)} />
      <p class="actions">
        <button type="button" class="primary" disabled={!idle} onClick={cast}>
          {before ? t("sealed.castChanged") : t("sealed.cast")}
        </button>
        <button type="button" disabled={!idle} onClick={back}>
          {t("sealed.back")}
        </button>
      </p>
      <h3>{t("sealed.number")}</h3>
      <code class="digest">{digest}</code>
      <p>{t("sealed.note")}</p>
      <QrCode text={checkUrl(poll.pollId, { number: digest })} label={t("sealed.qr")} />
      <p class="actions">
        <button type="button" disabled={!idle} onClick={challenge}>
          {t("sealed.challenge")}
        </button>
      </p>
      <p class="hint">{t("sealed.challengeText")}</p>
    </>
  );
}

/** A challenged ballot, to be taken to another device. */
export function Opened({ opening, sealAgain }: { opening: Opening; sealAgain: () => void }) {
  const [copied, setCopied] = useState("");
  const { pollId } = opening.poll;
  const digest = toHex(openedDigest(opening));
  const content = JSON.stringify(openingToJson(opening));
  const name = `ostraka-opening-${pollId}-${digest.slice(0, 10)}.json`;
  const registry = toHex(opening.poll.registry);
  const command =
    `ostraka-verify challenge ${name} --digest ${digest} \\\n` +
    `  --rpc RPC --registry ${registry} --poll ${pollId}`;
  return (
    <>
      <p class="state" role="status">
        <strong>{t("opened.state")}.</strong> {t("opened.stateText")}
      </p>
      <code class="digest">{digest}</code>
      <p>{t("opened.how")}</p>
      <p class="actions">
        <button
          type="button"
          onClick={() => {
            saveFile(name, content);
          }}
        >
          {t("opened.save")}
        </button>
        <button
          type="button"
          onClick={() => {
            const link = checkUrl(pollId, { opening: content });
            navigator.clipboard.writeText(link).then(
              () => {
                setCopied(t("opened.copied"));
              },
              () => {
                setCopied(t("opened.uncopied"));
              },
            );
          }}
        >
          {t("opened.copy")}
        </button>
        <button type="button" class="primary" onClick={sealAgain}>
          {t("opened.again")}
        </button>
      </p>
      <p role="status">{copied}</p>
      <h3>{t("opened.command")}</h3>
      <Command text={command} name={t("opened.command")} />
    </>
  );
}

/** Answers of a ballot, question by question. */
export function Answers({ answers }: { answers: readonly QuestionAnswer[] }) {
  return (
    <dl class="says">
      {answers.map(({ question, answer }, place) => (
        <div key={place}>
          <dt>{question}</dt>
          {answer.map((one) => (
            <dd key={one}>{one}</dd>
          ))}
          {!answer.length && <dd>{t("sealed.nothing")}</dd>}
        </div>
      ))}
    </dl>
  );
}

/** Link to the page for the other device; browsers send nothing after `#` to a server. */
function checkUrl(pollId: bigint, carries: Record<string, string>): string {
  return `${location.origin}/polls/${pollId}/check#${new URLSearchParams(carries).toString()}`;
}
