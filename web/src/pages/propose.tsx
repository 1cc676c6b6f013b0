/** Make or change a proposal in a round: the form, a preview, the signature. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { proposeCall, reviseCall } from "../client/abi.ts";
import { checksummed } from "../client/address.ts";
import { detailsJson } from "../client/details.ts";
import { dropDraft, readDraft, writeDraft } from "../client/drafts.ts";
import {
  asksAmount,
  categoriesOf,
  describe,
  draftSubject,
  type Filled,
  filledOf,
  type Item,
  obstacleOf,
  ownOf,
  readFilled,
} from "../client/proposing.ts";
import { type Config, type Proposal, proposals, type Round, round } from "../client/views.ts";
import { amount, fromNow, moment, short } from "../messages/index.ts";
import { t } from "../messages/proposals.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import type { Signer } from "../protocol/keys.ts";
import { later, type UnixSeconds } from "../protocol/units.ts";
import { categoryLabel } from "../view/categories.ts";
import { Facts, Page } from "../view/page.tsx";
import { CheckedPicture } from "../view/picture.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway, readConfig, store, useSigner } from "../view/session.ts";
import { Form, moneyOf } from "./proposal_form.tsx";
import { PlaceText } from "./place_text.tsx";
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
  /** Time of the reading by this page's clock. */
  readonly loadedAt: number;
}

/** Chain time, which advances from the time when the page was loaded. */
function useChainTime({ config, loadedAt }: Loaded): UnixSeconds {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      tick((before) => before + 1);
    }, TICK_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return later(config.head.timestamp, Math.floor((performance.now() - loadedAt) / 1000));
}

/** @param standing The proposal to change; a new one if omitted. */
function Proposing({ standing, ...loaded }: Loaded & { standing?: Proposal }) {
  const { config, shown, listed } = loaded;
  const signer = useSigner();
  const now = useChainTime(loaded);
  const [done, setDone] = useState<string>();
  // A changed proposal does not count as a new one.
  const counted = standing ? [] : listed;
  const found = useMembership(shown, signer);
  const account = found.value?.membership?.account ?? signer?.address ?? new Uint8Array();
  const obstacle = obstacleOf(shown, counted, account, now);
  const left = fromNow(Number(shown.proposalsCloseAt - now));
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
            <Entitled shown={shown} listed={listed} signer={signer} found={found} />
          )}
          {signer && standing && found.value && !sameBytes(account, standing.proposer) ? (
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

/** Whether the member may propose here, and how often. */
function Entitled({
  shown,
  listed,
  signer,
  found,
}: {
  shown: Round;
  listed: readonly Proposal[];
  signer: Signer;
  found: ReturnType<typeof useMembership>;
}) {
  return (
    <Await resource={found}>
      {({ membership }) =>
        membership ? (
          <p>
            {t("propose.used", {
              count: ownOf(listed, membership.account).length,
              most: shown.proposalsPerMember,
            })}
          </p>
        ) : (
          <div class="notice bad" role="status">
            <p>{t("propose.notMember", { address: short(toHex(signer.address)) })}</p>
            {shown.electorate.kind === "invitations" && <p>{t("propose.invited")}</p>}
          </div>
        )
      }
    </Await>
  );
}

/** The form until it is valid, then the preview. */
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

/** Preview of everything that will be signed. */
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
    facts.push([t("propose.field.category"), categoryLabel(item.category, shown.outcome.names)]);
  }
  if (asksAmount(shown)) {
    // Show the signed amount, which is in the smallest unit: the site could state wrong decimals.
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
  const { place, image } = item.details;
  if (place) facts.push([t("proposal.place"), <PlaceText place={place} />]);
  if (image) {
    facts.push([
      t("proposal.picture"),
      <>
        <CheckedPicture picture={image} class="thumbnail" />
        <p>{image.alt}</p>
      </>,
    ]);
  }
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
            afterTransaction={async () => {
              if (!detailsJson(item.details)) return;
              const listed = await gateway.get(`/rounds/${shown.round}/proposals`, proposals);
              await describe(gateway, listed, item.details);
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
