/** All components on one page, in development only: how each looks, and how it is used. */

import { CalendarDays, Vote } from "lucide";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { fromHex } from "../protocol/encoding.ts";
import { unixSeconds } from "../protocol/units.ts";
import { Badge, type Tone } from "../view/badge.tsx";
import { Bar } from "../view/bar.tsx";
import { Card, CardGrid } from "../view/card.tsx";
import { CopyHash } from "../view/copy.tsx";
import { Disclosure, Disclosures } from "../view/disclosure.tsx";
import { Empty } from "../view/empty.tsx";
import { Field } from "../view/field.tsx";
import { Figures } from "../view/figures.tsx";
import { Icon } from "../view/icon.tsx";
import { Meter } from "../view/meter.tsx";
import { Notice } from "../view/notice.tsx";
import { Facts, Page } from "../view/page.tsx";
import { Table } from "../view/table.tsx";
import { TimeLeft } from "../view/time_left.tsx";
import { Timeline } from "../view/timeline.tsx";
import { SampleBallot } from "./design_ballot.tsx";
import "./design.css";

const COLOURS = [
  ...["sunken", "ground", "raised", "ink", "quiet", "line", "hair", "accent", "on-accent"],
  ...["accent-ground", "good", "good-ground", "bad", "bad-ground", "warn", "warn-ground"],
];
const SIZES = ["small", "body", "lead", "h4", "h3", "h2", "h1", "figure"];
const SPACES = [1, 2, 3, 4, 5, 6, 7, 8];
const TONES: readonly Tone[] = ["neutral", "accent", "good", "warn", "bad"];
const PROJECTS = [
  { title: "Trees for Market Street", amount: 12_000n, votes: 812n, state: "funded" },
  {
    title: "Rehabilitation of the footpath along the river",
    amount: 45_000n,
    votes: 455n,
    state: "—",
  },
];
const NOW = unixSeconds(1_790_000_000);

export function DesignPage() {
  return (
    <Page title="Design">
      <p class="lead">
        Tokens are in web/src/style/tokens.css, classes in components.css, components in
        web/src/view. A page that needs more has a style sheet of its own beside it.
      </p>
      <Tokens />
      <Texts />
      <States />
      <Data />
      <Forms />
      <Containers />
      <SampleBallot />
    </Page>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Tokens() {
  return (
    <Part title="Tokens">
      <ul class="swatches">
        {COLOURS.map((name) => (
          <li key={name}>
            <span style={{ background: `var(--${name})` }} />
            <code>--{name}</code>
          </li>
        ))}
      </ul>
      {SIZES.map((name) => (
        <p key={name} style={{ fontSize: `var(--text-${name})`, margin: 0 }}>
          --text-{name}: Żółć gęślą jaźń, größte Übung, año nuevo, 0123456789
        </p>
      ))}
      <p class="actions">
        {SPACES.map((step) => (
          <span key={step} class="space" style={{ width: `var(--space-${step})` }}>
            {step}
          </span>
        ))}
      </p>
    </Part>
  );
}

function Texts() {
  return (
    <Part title="Text">
      <p>
        Running text with <a href="/design">a link</a>, <code>code</code> and{" "}
        <small>small print</small>. Lines of text are never longer than --measure; cards and tables
        use the whole page.
      </p>
      <p class="hint">A hint.</p>
      <p class="actions">
        <button type="button" class="primary">
          <Icon of={Vote} /> Primary
        </button>
        <button type="button">Secondary</button>
        <a class="button" href="/design">
          Link as a button
        </a>
        <button type="button" class="plain">
          Plain
        </button>
        <button type="button" class="danger">
          Danger
        </button>
        <button type="button" disabled>
          Disabled
        </button>
        <button type="button" class="link">
          Button as a link
        </button>
      </p>
    </Part>
  );
}

function States() {
  return (
    <Part title="States">
      <p class="actions">
        {TONES.map((tone) => (
          <Badge key={tone} tone={tone}>
            {tone}
          </Badge>
        ))}
        <Badge tone="accent" icon={CalendarDays}>
          closes <TimeLeft at={unixSeconds(NOW + 200_000n)} now={NOW} />
        </Badge>
      </p>
      {(["info", "good", "warn", "bad"] as const).map((tone) => (
        <Notice key={tone} tone={tone} title={`A notice: ${tone}`} still>
          <p>What happened, what it concerns, what to do next.</p>
        </Notice>
      ))}
      <Empty title="No proposals yet">
        <p>Members can propose until Friday.</p>
        <p class="actions">
          <a class="button primary" href="/design">
            Propose
          </a>
        </p>
      </Empty>
      <Timeline
        label="Phases, side by side"
        across
        phases={[
          { title: "Proposals", state: "done", text: "1 May – 1 June" },
          { title: "Voting", state: "now", text: "Vote until 30 June" },
          { title: "Count", state: "next", text: "1 July" },
          { title: "Payouts", state: "next", text: "8 July" },
        ]}
      />
      <Timeline
        label="Phases, one below the other"
        phases={[
          { title: "Proposals", state: "done", text: "1 May – 1 June" },
          { title: "Voting", state: "now", text: "Vote until 30 June" },
          { title: "Count", state: "next" },
        ]}
      />
    </Part>
  );
}

function Data() {
  return (
    <Part title="Data">
      <Figures
        figures={[
          { label: "Turnout", value: "42.1 %", note: "608 of 1,444" },
          { label: "Spent", value: "355,000 €", note: "of 409,000 €" },
          { label: "Funded", value: "11", note: "of 29 proposals" },
        ]}
      />
      <Bar
        label="Budget"
        text="355,000 of 409,000 €"
        whole={409n}
        parts={[{ value: 300n }, { value: 55n, tone: "light" }]}
      />
      <Meter
        label="Spent"
        value={1100n}
        most={1000n}
        text="1,100 of 1,000, which is 100 too much"
      />
      <Table
        caption="Proposals"
        rows={PROJECTS}
        keyOf={({ title }) => title}
        columns={[
          { title: "Proposal", value: ({ title }) => title },
          { title: "Amount", numbers: true, value: ({ amount }) => `${amount} €` },
          { title: "Votes", numbers: true, value: ({ votes }) => `${votes}` },
          { title: "State", value: ({ state }) => state },
        ]}
      />
      <Facts
        facts={[
          ["Contract", <CopyHash value={`0x${"5f".repeat(20)}`} name="address of the contract" />],
          ["Bytes", fromHex("0x00ff", "bytes").length],
        ]}
      />
    </Part>
  );
}

function Forms() {
  const [name, setName] = useState("");
  return (
    <Part title="Forms">
      <Field
        id="design-name"
        label="Name"
        hint="As members know you."
        error={name.length > 5 ? "Use at most 5 letters." : undefined}
      >
        {(attributes) => (
          <input
            {...attributes}
            value={name}
            onInput={(event) => {
              setName(event.currentTarget.value);
            }}
          />
        )}
      </Field>
      <fieldset>
        <legend>What do you choose?</legend>
        {["Trees", "A bench"].map((option) => (
          <label class="choice" key={option}>
            <input type="radio" name="design-choice" />
            <span class="named">
              <span>{option}</span>
              <small>12,000 €</small>
            </span>
          </label>
        ))}
      </fieldset>
    </Part>
  );
}

function Containers() {
  return (
    <Part title="Containers">
      <CardGrid>
        {PROJECTS.map(({ title, amount }) => (
          <Card
            key={title}
            title={title}
            href="/design"
            head={<Badge tone="good">Funded</Badge>}
            foot={
              <>
                <strong>{`${amount} €`}</strong> <span>by 0x5f…5f</span>
              </>
            }
          >
            <p>Plane trees give shade to the street, which is too hot for the elderly in summer.</p>
          </Card>
        ))}
      </CardGrid>
      <Disclosures>
        <Disclosure summary="What was checked" aside={<Badge tone="good">12 of 12</Badge>} open>
          <p>Everything.</p>
        </Disclosure>
        <Disclosure summary="What is assumed" aside={<Badge tone="warn">1</Badge>}>
          <p>The list of voters.</p>
        </Disclosure>
      </Disclosures>
      <section class="panel" aria-label="A panel">
        <h3>A panel</h3>
        <p>A part of a page with a state of its own.</p>
      </section>
    </Part>
  );
}
