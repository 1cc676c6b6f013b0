/** A round of a shared budget with its proposals. */

import { checksummed } from "../client/address.ts";
import { type Config, type Proposal, proposals, type Round, round } from "../client/views.ts";
import { moment, number, percent, short, status, words, zone } from "../messages/index.ts";
import { toHex } from "../protocol/encoding.ts";
import { CurrencyContext, useAmount } from "../view/currency.ts";
import { Items } from "../view/items.tsx";
import { Facts, Page } from "../view/page.tsx";
import { Await, Guarded, useResource } from "../view/resource.tsx";
import { gateway, readConfig } from "../view/session.ts";
import { OwnProposals } from "./own_proposals.tsx";

async function load(id: bigint) {
  const [config, shown, listed] = await Promise.all([
    readConfig(),
    gateway.get(`/rounds/${id}`, round),
    gateway.get(`/rounds/${id}/proposals`, proposals),
  ]);
  return { config, shown, listed };
}

export function RoundPage({ id }: { id: bigint }) {
  const found = useResource(() => load(id), [id]);
  const title = found.value?.shown.title ?? words.round.document;
  return (
    <Page title={title}>
      <Await resource={found}>
        {(value) => (
          <CurrencyContext.Provider value={value.shown}>
            <Shown {...value} again={found.again} />
          </CurrencyContext.Provider>
        )}
      </Await>
    </Page>
  );
}

function Shown({
  config,
  shown,
  listed,
  again,
}: {
  config: Config;
  shown: Round;
  listed: readonly Proposal[];
  again: () => void;
}) {
  const text = words.round;
  const { token, poll } = shown;
  const { moments } = words.organize;
  const proposalsOpen = moments.each["proposals_open_at"]!;
  const amount = useAmount();
  return (
    <>
      {shown.text && <p class="prose">{shown.text}</p>}
      <Facts
        facts={[
          [
            text.budget,
            <>
              {amount(shown.budget)}{" "}
              <small>{token ? text.token(short(toHex(token))) : text.coin}</small>
              <br />
              <small>{text.deposited(amount(shown.deposited))}</small>
            </>,
          ],
          [text.state, status(shown.status)],
          ...(shown.status === "announced"
            ? [[proposalsOpen.legend, moment(shown.proposalsOpenAt)] as const]
            : []),
          [text.proposalsClose, moment(shown.proposalsCloseAt)],
          [text.votingOpens, moment(shown.votingOpensAt)],
          [text.votingCloses, moment(shown.votingClosesAt)],
        ]}
      />
      <p class="hint">{moments.lead(zone())}</p>
      <WhoVotes round={shown} />
      {poll !== undefined && (
        <p class="actions">
          <a class="button" href={`/polls/${poll}`}>
            {text.vote}
          </a>
          {["tallied", "decided", "expired"].includes(shown.status) && (
            <a class="button" href={`/polls/${poll}/results`}>
              {text.results}
            </a>
          )}
        </p>
      )}
      {shown.status === "proposing" && (
        <Guarded>
          <OwnProposals config={config} round={shown} listed={listed} again={again} />
        </Guarded>
      )}
      <h2>{text.proposals}</h2>
      {!listed.length && <p>{text.none}</p>}
      <Items
        items={listed.map(({ title, text, amount, category }, place) => {
          return { place, title, text, cost: amount, category };
        })}
        shown={(items) => (
          <ol class="cards">
            {items.map((item) => (
              <Entry key={item.place} proposal={listed[item.place]!} budget={shown.budget} />
            ))}
          </ol>
        )}
      />
    </>
  );
}

/** Who will vote, as it was fixed before anybody could give money. */
function WhoVotes({ round: { electorate, secret, proposalsCloseAt } }: { round: Round }) {
  const text = words.round.electorate;
  const { kind, voters, totalWeight, source, root } = electorate;
  const count = number(voters ?? 0);
  const weight = number(totalWeight ?? 0n);
  const contract = source && checksummed(source.contract);
  return (
    <section aria-labelledby="electorate">
      <h2 id="electorate">{text.title}</h2>
      {kind === "members" && <p>{text.members(count, weight)}</p>}
      {kind === "fixed" && <p>{text.list(count, weight)}</p>}
      {kind === "source" && source && contract && (
        <p>
          {(source.kind === "votes" ? text.votes : text.registry)(contract, moment(source.at))}{" "}
          {source.keys && text.keys}
        </p>
      )}
      {kind === "invitations" && (
        <>
          <p>{text.invitations(count, weight, moment(proposalsCloseAt))}</p>
          <p class="notice warn">{text.assumed(count)}</p>
        </>
      )}
      {kind !== "members" && <p>{text.notMembers}</p>}
      <p>{secret ? text.secret : text.open}</p>
      <p class="hint">
        {text.fixed} <code class="digest">{toHex(root)}</code>
      </p>
    </section>
  );
}

function Entry({ proposal, budget }: { proposal: Proposal; budget: bigint }) {
  const text = words.round;
  const { title, amount: cost, recipient, withdrawn } = proposal;
  const amount = useAmount();
  return (
    <li>
      <h3>{title}</h3>
      {withdrawn && <p class="tag">{text.withdrawn}</p>}
      {cost > 0n && (
        <>
          <p>
            {amount(cost)} <small>{text.ofBudget(percent(cost, budget))}</small>
          </p>
          <Bar part={cost} whole={budget} />
        </>
      )}
      {proposal.text && <p class="prose">{proposal.text}</p>}
      <p>
        <small>
          {text.recipient} <code>{short(toHex(recipient))}</code>
        </small>
      </p>
    </li>
  );
}

/** A part of a whole as a bar; the numbers stand beside it. */
export function Bar({ part, whole }: { part: bigint; whole: bigint }) {
  const filled = whole > 0n ? Number((part * 1000n) / whole) / 10 : 0;
  return (
    <div class="bar" aria-hidden="true">
      <div style={{ width: `${Math.min(filled, 100)}%` }} />
    </div>
  );
}
