/** Whether the reader may vote or propose in a round, with which key, and how to get in. */

import { readMembers, readStandings } from "../client/eligibility.ts";
import { keptKeys } from "../client/key_file.ts";
import { type Registration, registrationsFor } from "../client/registration.ts";
import type { Config, Poll, Round } from "../client/views.ts";
import { moment, short, t } from "../messages/index.ts";
import { sameBytes, toHex } from "../protocol/encoding.ts";
import { Notice } from "../view/notice.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway, keptIfAllowed, useSigner } from "../view/session.ts";
import { Wallets } from "./sign_in.tsx";

/** What the reader may do, as far as the gateway knows. */
interface Found {
  /** Addresses that may vote; undefined while the list of voters is not fixed or not known. */
  readonly votes: readonly Uint8Array[] | undefined;
  /** Addresses that may propose. */
  readonly proposes: readonly Uint8Array[];
  /** Why a key of this browser that could be expected to vote does not. */
  readonly reason: string | undefined;
}

export function TakingPart({
  config,
  round,
  poll,
}: {
  config: Config;
  round: Round;
  /** The poll that decides the round; undefined before voting starts. */
  poll: Poll | undefined;
}) {
  const signer = useSigner();
  const keys = addressesOf(signer?.address);
  const named = keys.map(toHex).join();
  const found = useResource(() => find(config, round, poll, keys), [named, poll?.poll]);
  return (
    <section aria-labelledby="part">
      <h2 id="part">{t("part.title")}</h2>
      {keys.length ? (
        <Await resource={found}>
          {(value) => <Answer found={value} round={round} opened={poll !== undefined} />}
        </Await>
      ) : (
        <Notice tone="info" title={t("part.noKey")} still>
          <HowTo round={round} />
        </Notice>
      )}
    </section>
  );
}

/** Addresses of the signer and of the keys in this browser, without duplicates. */
function addressesOf(signer: Uint8Array | undefined): Uint8Array[] {
  const store = keptIfAllowed();
  const all = [...(signer ? [signer] : []), ...(store ? keptKeys(store) : []).map(addressOf)];
  return [...new Map(all.map((one) => [toHex(one), one])).values()];
}

function addressOf({ address }: { readonly address: Uint8Array }): Uint8Array {
  return address;
}

async function find(
  config: Config,
  round: Round,
  poll: Poll | undefined,
  keys: readonly Uint8Array[],
): Promise<Found> {
  if (!keys.length) return { votes: [], proposes: [], reason: undefined };
  const registrations = registrationsOf(config, round);
  const proposing = round.status === "announced" || round.status === "proposing";
  const { kind } = round.electorate;
  const proposes =
    proposing || (kind === "members" && !poll) ? await readMembers(gateway, round.round, keys) : [];
  if (!poll)
    return { votes: expected(kind, keys, proposes, registrations), proposes, reason: undefined };
  const standings = await readStandings(gateway, poll, keys, registrations);
  if (!standings) return { votes: undefined, proposes, reason: undefined };
  const votes = standings.flatMap(({ key, standing }) => (standing.kind === "votes" ? [key] : []));
  const [other] = standings.flatMap(({ key, standing }) => {
    if (standing.kind === "other key") {
      const other = short(toHex(standing.signingKey));
      return [t("part.otherKey", { account: short(toHex(standing.account)), key: other })];
    }
    return standing.kind === "left out" ? [t("part.leftOut", { key: short(toHex(key)) })] : [];
  });
  return { votes, proposes, reason: votes.length ? undefined : other };
}

/** Who will vote, before the poll exists; undefined if the list is read later. */
function expected(
  kind: string,
  keys: readonly Uint8Array[],
  members: readonly Uint8Array[],
  registrations: readonly Registration[],
): readonly Uint8Array[] | undefined {
  if (kind === "members") return members;
  if (kind !== "invitations") return undefined;
  return keys.filter((key) => {
    return registrations.some(({ signingKey }) => sameBytes(signingKey, key));
  });
}

function registrationsOf({ treasury }: Config, { round, electorate }: Round): Registration[] {
  const store = keptIfAllowed();
  if (!store || electorate.kind !== "invitations") return [];
  const of = { treasury, roundId: round };
  return registrationsFor(store, { root: electorate.root, nonce: undefined, round: of });
}

function Answer({
  found: { votes, proposes, reason },
  round,
  opened,
}: {
  found: Found;
  round: Round;
  opened: boolean;
}) {
  const lines = [
    ...(votes ?? []).map((key) => {
      const named = { key: short(toHex(key)) };
      return opened && round.status === "voting"
        ? t("part.mayVote", named)
        : t("part.willVote", { ...named, time: moment(round.votingOpensAt) });
    }),
    ...proposes.map((key) => t("part.mayPropose", { key: short(toHex(key)) })),
  ];
  const proposing = round.status === "proposing";
  const missing = [
    ...(votes?.length === 0 ? [reason ?? t("part.noVote")] : []),
    ...(proposing && !proposes.length ? [t("part.noPropose")] : []),
    ...(votes ? [] : [opened ? t("part.unknown") : t("part.later")]),
  ];
  const able = lines.length > 0;
  const [first, ...rest] = [...lines, ...missing];
  return (
    <Notice tone={able ? "good" : votes ? "warn" : "info"} title={first ?? t("part.unknown")} still>
      {rest.map((line) => (
        <p key={line}>{line}</p>
      ))}
      {!able && <HowTo round={round} />}
    </Notice>
  );
}

/** How somebody becomes a voter of this round. */
function HowTo({ round: { electorate, proposalsCloseAt } }: { round: Round }) {
  const { kind } = electorate;
  return (
    <>
      <p>
        {kind === "invitations"
          ? t("part.how.invitations", { time: moment(proposalsCloseAt) })
          : kind === "source"
            ? t("part.how.source")
            : t("part.how.list")}
      </p>
      <p class="actions">
        {kind === "invitations" && <a href="/register">{t("wallet.register")}</a>}
        <a href="/key">{t("wallet.import")}</a>
      </p>
      <details>
        <summary>{t("part.wallet")}</summary>
        <Wallets />
      </details>
    </>
  );
}
