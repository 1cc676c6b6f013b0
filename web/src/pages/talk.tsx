/** Comments on a proposal and endorsements of it, with their signatures checked by this page. */

import { EyeOff, ShieldAlert, ShieldCheck, ThumbsUp } from "lucide";
import { useState } from "preact/hooks";

import {
  type Comment,
  commentProblem,
  type Comments,
  isEndorsedBy,
  isSignedComment,
  isSignedEndorsement,
  MAX_COMMENT_BYTES,
  readComments,
  readEndorsements,
  Speaker,
  talkDomain,
} from "../client/talk.ts";
import type { Config, Round } from "../client/views.ts";
import { moment, short } from "../messages/index.ts";
import { t } from "../messages/proposals.ts";
import { sameBytes, toHex, utf8 } from "../protocol/encoding.ts";
import type { Signer } from "../protocol/keys.ts";
import type { Domain } from "../protocol/typed_data.ts";
import { Badge } from "../view/badge.tsx";
import { Disclosure, Disclosures } from "../view/disclosure.tsx";
import { Field } from "../view/field.tsx";
import { Icon } from "../view/icon.tsx";
import { Notice } from "../view/notice.tsx";
import { Await, Failure, useResource } from "../view/resource.tsx";
import { gateway, useSigner } from "../view/session.ts";
import { useMembership } from "./sending.tsx";
import { SignedIn, SignIn } from "./sign_in.tsx";
import "./talk.css";

interface Props {
  readonly config: Config;
  readonly round: Round;
  /** Id of the proposal, 32 bytes. */
  readonly proposal: Uint8Array;
}

/** What members say about a proposal, and the forms to join in while proposals are open. */
export function Talk({ config, round, proposal }: Props) {
  const domain = talkDomain(config);
  const found = useResource(async () => {
    const [talk, endorsed] = await Promise.all([
      readComments(gateway, proposal),
      readEndorsements(gateway, proposal),
    ]);
    return { talk, endorsed };
  }, [toHex(proposal)]);
  return (
    <section aria-labelledby="talk">
      <h2 id="talk">{t("talk.title")}</h2>
      <Await resource={found}>
        {({ talk, endorsed }) => (
          <>
            <p class="talk-count">
              <Icon of={ThumbsUp} />
              <span>{t("talk.endorsements", { count: endorsed.total })}</span>
            </p>
            {endorsed.endorsements.length > 0 && (
              <Disclosures>
                <Disclosure summary={t("talk.endorsers")}>
                  <ul class="plain">
                    {endorsed.endorsements.map((one) => (
                      <li key={toHex(one.member)}>
                        <code>{short(toHex(one.member))}</code>{" "}
                        <Signed holds={isSignedEndorsement(one, proposal, domain)} />
                      </li>
                    ))}
                  </ul>
                  {endorsed.total > endorsed.endorsements.length && (
                    <p class="hint">
                      {t("talk.endorsersMore", {
                        count: endorsed.total - endorsed.endorsements.length,
                      })}
                    </p>
                  )}
                </Disclosure>
              </Disclosures>
            )}
            <CommentList key={versionOf(talk)} first={talk} proposal={proposal} domain={domain} />
            {talk.open ? (
              <JoinIn config={config} round={round} proposal={proposal} done={found.reload} />
            ) : (
              <p class="hint">{t("talk.closed")}</p>
            )}
          </>
        )}
      </Await>
    </section>
  );
}

/** Changes when a comment is added, hidden or shown again. */
function versionOf({ total, comments }: Comments): string {
  return [total, ...comments.map(({ hidden }) => Number(!!hidden))].join();
}

function CommentList({
  first,
  proposal,
  domain,
}: {
  first: Comments;
  proposal: Uint8Array;
  domain: Domain;
}) {
  const [parts, setParts] = useState<readonly Comments[]>([first]);
  const [error, setError] = useState<unknown>();
  const next = parts.at(-1)!.next;
  const more = async (after: number) => {
    setError(undefined);
    try {
      const part = await readComments(gateway, proposal, after);
      setParts((before) => [...before, part]);
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <>
      <p class="talk-count">{t("talk.comments", { count: first.total })}</p>
      <ul class="cards">
        {parts.flatMap(({ comments }) =>
          comments.map((one) => (
            <li key={toHex(one.comment)}>
              <Entry comment={one} holds={isSignedComment(one, proposal, domain)} />
            </li>
          )),
        )}
      </ul>
      {next !== undefined && (
        <button type="button" onClick={() => void more(next)}>
          {t("talk.more")}
        </button>
      )}
      {error !== undefined && <Failure error={error} />}
    </>
  );
}

function Entry({ comment, holds }: { comment: Comment; holds: boolean }) {
  const { author, writtenAt, hidden, text } = comment;
  return (
    <article>
      <p class="talk-head">
        <code>{short(toHex(author))}</code> <small>{moment(writtenAt)}</small>{" "}
        <Signed holds={holds} />
      </p>
      {hidden ? (
        <p class="talk-hidden">
          <Icon of={EyeOff} />
          <span>
            {t("talk.hidden", {
              moderator: hidden.moderator,
              time: moment(hidden.decidedAt),
              reason: hidden.reason,
            })}
          </span>
        </p>
      ) : (
        <p class="prose">{text}</p>
      )}
    </article>
  );
}

/** Whether this page found the signature to hold. */
function Signed({ holds }: { holds: boolean }) {
  return holds ? (
    <Badge tone="good" icon={ShieldCheck}>
      {t("talk.signed")}
    </Badge>
  ) : (
    <Badge tone="bad" icon={ShieldAlert}>
      {t("talk.forged")}
    </Badge>
  );
}

/** Forms for members; others read why they cannot join in. */
function JoinIn(props: Props & { done: () => void }) {
  const signer = useSigner();
  if (!signer) {
    return (
      <Disclosures>
        <Disclosure summary={t("talk.signIn")}>
          <SignIn />
        </Disclosure>
      </Disclosures>
    );
  }
  return (
    <>
      <SignedIn signer={signer} config={props.config} />
      <Member key={toHex(signer.address)} signer={signer} {...props} />
    </>
  );
}

function Member({ round, proposal, signer, done }: Props & { signer: Signer; done: () => void }) {
  const found = useMembership(round, signer);
  return (
    <Await resource={found}>
      {({ membership }) => {
        if (!membership) {
          const shown = short(toHex(signer.address));
          return <Notice tone="warn" title={t("propose.notMember", { address: shown })} />;
        }
        const key = membership.registeredKey ?? membership.signingKey;
        if (!sameBytes(key, signer.address)) {
          return <Notice tone="warn" title={t("talk.otherKey")} />;
        }
        const speaker = new Speaker(gateway, signer, membership.account);
        return (
          <>
            <Endorsing account={membership.account} {...{ speaker, proposal, done }} />
            <Write
              id={`comment-${toHex(proposal)}`}
              send={async (written) => {
                await speaker.comment(proposal, written);
                done();
              }}
            />
          </>
        );
      }}
    </Await>
  );
}

/** The member's own endorsement, as it is now. */
function Endorsing({
  account,
  speaker,
  proposal,
  done,
}: {
  account: Uint8Array;
  speaker: Speaker;
  proposal: Uint8Array;
  done: () => void;
}) {
  const own = useResource(
    () => isEndorsedBy(gateway, proposal, account),
    [toHex(proposal), toHex(account)],
  );
  return (
    <Await resource={own}>
      {(endorses) => (
        <Endorse
          key={String(endorses)}
          endorses={endorses}
          state={async (wanted) => {
            await speaker.endorse(proposal, wanted);
            own.reload();
            done();
          }}
        />
      )}
    </Await>
  );
}

function Endorse({
  endorses,
  state,
}: {
  endorses: boolean;
  state: (endorses: boolean) => Promise<void>;
}) {
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>();
  return (
    <>
      <p class="actions">
        <button
          type="button"
          disabled={working}
          onClick={() => {
            setWorking(true);
            setError(undefined);
            state(!endorses)
              .catch(setError)
              .finally(() => {
                setWorking(false);
              });
          }}
        >
          {endorses ? t("talk.unendorse") : t("talk.endorse")}
        </button>
      </p>
      <p class="hint">{t("talk.endorseHint")}</p>
      {error !== undefined && <Failure error={error} />}
    </>
  );
}

function Write({ id, send }: { id: string; send: (written: string) => Promise<void> }) {
  const [written, setWritten] = useState("");
  const [tried, setTried] = useState(false);
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>();
  // A lone surrogate cannot be encoded as UTF-8.
  const text = written.trim().toWellFormed();
  const problem = commentProblem(text);
  const submit = async () => {
    setTried(true);
    if (problem) {
      document.getElementById(id)?.focus();
      return;
    }
    setWorking(true);
    setError(undefined);
    try {
      await send(text);
      setWritten("");
      setTried(false);
    } catch (failed) {
      setError(failed);
    }
    setWorking(false);
  };
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Field
        id={id}
        label={t("talk.write")}
        hint={`${t("talk.writeHint")} ${t("propose.field.bytes", { used: utf8(text).length, most: MAX_COMMENT_BYTES })}`}
        error={tried && problem ? t(`talk.problems.${problem}`) : undefined}
      >
        {(given) => (
          <textarea
            {...given}
            rows={4}
            value={written}
            onInput={(event) => {
              setWritten(event.currentTarget.value);
            }}
          />
        )}
      </Field>
      <p class="actions">
        <button type="submit" class="primary" disabled={working}>
          {t("talk.send")}
        </button>
      </p>
      {error !== undefined && <Failure error={error} />}
    </form>
  );
}
