/** Propose something in a round, or change what one proposed: fields, a look at it, the signature. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { proposeCall, reviseCall } from "../client/abi.ts";
import { checksummed } from "../client/address.ts";
import { dropDraft, readDraft, writeDraft } from "../client/drafts.ts";
import {
  asksAmount,
  categoriesOf,
  draftSubject,
  type Filled,
  filledOf,
  type Item,
  itemOf,
  MAX_TEXT_BYTES,
  MAX_TITLE_BYTES,
  obstacleOf,
  ownOf,
  readFilled,
} from "../client/proposing.ts";
import { type Config, type Proposal, proposals, type Round, round } from "../client/views.ts";
import { amount, fromNow, moment, readAmount, short, t, messageIfAny } from "../messages/index.ts";
import { sameBytes, toHex, utf8 } from "../protocol/encoding.ts";
import type { Signer } from "../protocol/keys.ts";
import { Facts, Page } from "../view/page.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway, readConfig, store, useSigner } from "../view/session.ts";
import { Sending, useMembership } from "./sending.tsx";
import { SignedIn, SignIn } from "./sign_in.tsx";

const TICK_MS = 10_000;

async function load(id: bigint) {
  const [config, shown, listed] = await Promise.all([
    readConfig(),
    gateway.get(`/rounds/${id}`, round),
    gateway.get(`/rounds/${id}/proposals`, proposals),
  ]);
  return { config, shown, listed, loadedAt: performance.now() };
}

export function ProposePage({ id }: { id: bigint }) {
  const found = useResource(() => load(id), [id]);
  return (
    <Page title={t("propose.title")}>
      <Await resource={found}>{(value) => <Proposing {...value} />}</Await>
    </Page>
  );
}

export function RevisePage({ id, proposal }: { id: bigint; proposal: string }) {
  const found = useResource(() => load(id), [id]);
  return (
    <Page title={t("propose.reviseTitle")}>
      <Await resource={found}>
        {(value) => {
          const standing = value.listed.find((one) => toHex(one.proposal) === proposal);
          if (!standing) return <p class="notice bad">{t("propose.unknown")}</p>;
          if (standing.withdrawn) return <p class="notice bad">{t("propose.withdrawn")}</p>;
          return <Proposing {...value} standing={standing} />;
        }}
      </Await>
    </Page>
  );
}

interface Loaded {
  readonly config: Config;
  readonly shown: Round;
  readonly listed: readonly Proposal[];
  /** By this page's clock. */
  readonly loadedAt: number;
}

/** Chain time as it goes on since the page was loaded. */
function useChainTime({ config, loadedAt }: Loaded): number {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      tick((before) => before + 1);
    }, TICK_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return config.head.timestamp + Math.floor((performance.now() - loadedAt) / 1000);
}

/** @param standing The proposal that is changed; a new one when left out. */
function Proposing({ standing, ...loaded }: Loaded & { standing?: Proposal }) {
  const { config, shown, listed } = loaded;
  const signer = useSigner();
  const now = useChainTime(loaded);
  const [done, setDone] = useState<string>();
  // Who changes one needs no room for another.
  const counted = standing ? [] : listed;
  const obstacle = obstacleOf(shown, counted, signer?.address ?? new Uint8Array(), now);
  const left = fromNow(shown.proposalsCloseAt - now);
  return (
    <>
      <p class="lead">{t("propose.lead")}</p>
      <p>
        {t("propose.to", { round: shown.title })}.{" "}
        {!obstacle && t("propose.closes", { time: moment(shown.proposalsCloseAt), left })}
      </p>
      <p class="actions">
        <a href={`/rounds/${shown.round}`}>{t("propose.back")}</a>
      </p>
      {signer && done === undefined && <SignedIn signer={signer} config={config} />}
      {done !== undefined ? (
        <p class="notice good" role="status">
          {done}
        </p>
      ) : obstacle ? (
        <p class="notice warn">{t(`propose.obstacles.${obstacle}`)}</p>
      ) : (
        <>
          {signer && !standing && (
            <Entitled key={toHex(signer.address)} shown={shown} listed={listed} signer={signer} />
          )}
          {signer && standing && !sameBytes(signer.address, standing.proposer) ? (
            <p class="notice bad">{t("propose.notYours")}</p>
          ) : (
            <Steps
              config={config}
              shown={shown}
              signer={signer}
              done={setDone}
              {...(standing && { standing })}
            />
          )}
        </>
      )}
    </>
  );
}

/** Whether one may propose here, and how often still. */
function Entitled({
  shown,
  listed,
  signer,
}: {
  shown: Round;
  listed: readonly Proposal[];
  signer: Signer;
}) {
  const { address } = signer;
  const count = ownOf(listed, address).length;
  return (
    <Await resource={useMembership(shown, signer)}>
      {({ membership }) =>
        membership ? (
          <p>{t("propose.used", { count, most: shown.proposalsPerMember })}</p>
        ) : (
          <p class="notice bad" role="status">
            {t("propose.notMember", { address: short(toHex(address)) })}
          </p>
        )
      }
    </Await>
  );
}

/** The fields until they are right, then a look at all of it. */
function Steps({
  config,
  shown,
  standing,
  signer,
  done,
}: {
  config: Config;
  shown: Round;
  standing?: Proposal;
  signer: Signer | undefined;
  done: (says: string) => void;
}) {
  const subject = standing ? standing.proposal : draftSubject(config, shown.round);
  const [filled, setFilled] = useState(() => {
    const draft = readDraft(store(), subject);
    if (!standing || draft !== undefined) return readFilled(draft);
    return filledOf(standing, (units) => amount(units, { ...shown, symbol: undefined }));
  });
  const [previewed, setPreviewed] = useState<Item>();
  const change = (changed: Filled) => {
    setFilled(changed);
    writeDraft(store(), subject, changed);
  };
  if (!previewed) {
    return (
      <Form
        shown={shown}
        treasury={config.treasury}
        standing={standing}
        filled={filled}
        change={change}
        preview={setPreviewed}
      />
    );
  }
  const finish = (mined: boolean) => {
    dropDraft(store(), subject);
    done(!mined ? t("propose.sent") : standing ? t("propose.revised") : t("propose.done"));
  };
  return (
    <Preview shown={shown} item={previewed}>
      {signer ? (
        <Signing
          config={config}
          shown={shown}
          standing={standing}
          signer={signer}
          item={previewed}
          done={finish}
          leave={() => {
            setPreviewed(undefined);
          }}
        />
      ) : (
        <>
          <p>{t("propose.needSigner")}</p>
          <SignIn />
          <p class="actions">
            <button
              type="button"
              onClick={() => {
                setPreviewed(undefined);
              }}
            >
              {t("propose.change")}
            </button>
          </p>
        </>
      )}
    </Preview>
  );
}

function Form({
  shown,
  treasury,
  standing,
  filled,
  change,
  preview,
}: {
  shown: Round;
  treasury: Uint8Array;
  standing: Proposal | undefined;
  filled: Filled;
  change: (filled: Filled) => void;
  preview: (item: Item) => void;
}) {
  const [tried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const found = itemOf(filled, shown, treasury, (typed) => readAmount(typed, shown));
  const problemOf = (name: keyof Filled) => {
    // Nobody is told that a field is wrong before there is anything in it.
    if ("title" in found || (!tried && filled[name] === "")) return undefined;
    const first = found.find((one) => one.field === name);
    return first && messageIfAny(`propose.problems.${name}.${first.problem}`);
  };
  const used = (written: string, most: number) => {
    return t("propose.field.bytes", { used: utf8(written.trim()).length, most });
  };
  const categories = categoriesOf(shown);
  const recipient =
    standing && t("propose.field.recipientAgain", { address: checksummed(standing.recipient) });
  return (
    <form
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if ("title" in found) preview(found);
        else form.current?.querySelector<HTMLElement>(`[name=${found[0]!.field}]`)?.focus();
      }}
    >
      <p>{t("propose.draft")}</p>
      <Field
        label={t("propose.field.title")}
        hint={used(filled.title, MAX_TITLE_BYTES)}
        problem={problemOf("title")}
      >
        {(given) => (
          <input
            {...given}
            name="title"
            autocomplete="off"
            value={filled.title}
            onInput={(event) => {
              change({ ...filled, title: event.currentTarget.value });
            }}
          />
        )}
      </Field>
      <Field
        label={t("propose.field.text")}
        hint={`${t("propose.field.textHint")} ${used(filled.text, MAX_TEXT_BYTES)}`}
        problem={problemOf("text")}
      >
        {(given) => (
          <textarea
            {...given}
            name="text"
            rows={6}
            value={filled.text}
            onInput={(event) => {
              change({ ...filled, text: event.currentTarget.value });
            }}
          />
        )}
      </Field>
      {categories > 0 && (
        <Field label={t("propose.field.category")} hint="" problem={undefined}>
          {(given) => (
            <select
              {...given}
              value={filled.category}
              onChange={(event) => {
                change({ ...filled, category: Number(event.currentTarget.value) });
              }}
            >
              {Array.from({ length: categories }, (_, category) => (
                <option key={category} value={category}>
                  {t("list.categoryName", { number: category + 1 })}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {asksAmount(shown) && (
        <Field
          label={t("propose.field.amount")}
          hint={`${t("propose.field.amountHint", { least: amount(shown.minimumAmount, shown), most: amount(shown.maximumAmount, shown) })} ${moneyOf(shown)}`}
          problem={problemOf("amount")}
        >
          {(given) => (
            <input
              {...given}
              name="amount"
              inputMode="decimal"
              autocomplete="off"
              value={filled.amount}
              onInput={(event) => {
                change({ ...filled, amount: event.currentTarget.value });
              }}
            />
          )}
        </Field>
      )}
      <Field
        label={t("propose.field.recipient")}
        hint={[recipient, t("propose.field.recipientHint")].filter(Boolean).join(" ")}
        problem={problemOf("recipient")}
      >
        {(given) => (
          <input
            {...given}
            name="recipient"
            autocomplete="off"
            spellcheck={false}
            value={filled.recipient}
            onInput={(event) => {
              change({ ...filled, recipient: event.currentTarget.value });
            }}
          />
        )}
      </Field>
      <button type="submit" class="primary">
        {t("propose.preview")}
      </button>
    </form>
  );
}

/** What is paid: the token by its address, as any can call itself what it likes. */
function moneyOf({ token }: Round): string {
  return token
    ? t("propose.field.token", { address: short(toHex(token)) })
    : t("propose.field.coin");
}

/** A labelled field with what to enter and what is wrong with it. */
function Field({
  label,
  hint,
  problem,
  children,
}: {
  label: string;
  hint: string;
  problem: string | undefined;
  children: (given: {
    id: string;
    "aria-describedby": string;
    "aria-invalid": boolean;
  }) => ComponentChildren;
}) {
  const id = useId();
  const given = {
    id,
    "aria-describedby": `${id}-hint ${id}-problem`,
    "aria-invalid": problem !== undefined,
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(given)}
      <p id={`${id}-hint`} class="hint">
        {hint}
      </p>
      <p id={`${id}-problem`} class="wrong" aria-live="polite">
        {problem}
      </p>
    </div>
  );
}

/** A look at all that is going to be signed. */
function Preview({
  shown,
  item,
  children,
}: {
  shown: Round;
  item: Item;
  children: ComponentChildren;
}) {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    panel.current?.focus();
  }, []);
  const facts: [string, ComponentChildren][] = [
    [t("propose.field.title"), item.title],
    [t("propose.field.text"), <span class="prose">{item.text}</span>],
  ];
  if (categoriesOf(shown)) {
    facts.push([
      t("propose.field.category"),
      t("list.categoryName", { number: item.category + 1 }),
    ]);
  }
  if (asksAmount(shown)) {
    // What is signed is counted in the smallest unit: what this site says of decimals is its word.
    const signed = t("propose.field.units", { units: item.amount });
    facts.push([
      t("propose.field.amount"),
      <>
        {amount(item.amount, shown)} <small>{signed}</small>
        <br />
        <small>{moneyOf(shown)}</small>
      </>,
    ]);
  }
  facts.push([t("propose.field.recipient"), <code>{checksummed(item.recipient)}</code>]);
  return (
    <section ref={panel} tabIndex={-1} class="panel" aria-labelledby="preview">
      <h2 id="preview">{t("propose.previewTitle")}</h2>
      <Facts facts={facts} />
      {children}
    </section>
  );
}

function Signing({
  config,
  shown,
  standing,
  signer,
  item,
  done,
  leave,
}: {
  config: Config;
  shown: Round;
  standing: Proposal | undefined;
  signer: Signer;
  item: Item;
  done: (mined: boolean) => void;
  leave: () => void;
}) {
  const found = useMembership(shown, signer);
  return (
    <Await resource={found}>
      {({ membership }) =>
        membership ? (
          <Sending
            config={config}
            round={shown}
            signer={signer}
            member={membership}
            sign={t("propose.sign")}
            relay={(member) => {
              return standing
                ? member.revise(standing.proposal, item)
                : member.propose(shown.round, item);
            }}
            call={() => {
              return standing
                ? reviseCall(standing.proposal, item)
                : proposeCall(shown.round, item, membership);
            }}
            done={done}
            back={t("propose.change")}
            leave={leave}
          />
        ) : (
          <button type="button" onClick={leave}>
            {t("propose.change")}
          </button>
        )
      }
    </Await>
  );
}
