/** The steps of a round: what is over, what goes on now, what comes and when. */

import { ROUND_STEPS, type RoundStep, stepOf } from "../client/phases.ts";
import type { Round } from "../client/views.ts";
import { moment, rounded, t, zone } from "../messages/index.ts";
import type { UnixSeconds } from "../protocol/units.ts";
import { TimeLeft } from "../view/time_left.tsx";
import { type Phase, Timeline } from "../view/timeline.tsx";

const HOUR_S = 3600;

export function RoundTimeline({
  round,
  phase,
  now,
  paid,
}: {
  round: Round;
  phase: string;
  now: UnixSeconds;
  /** Whether all winners have their money. */
  paid: boolean;
}) {
  const { step, begun } = stepOf(phase);
  const phases = ROUND_STEPS.map((name, place): Phase => {
    const done = place < step || (name === "payouts" && paid);
    const state = done ? "done" : place === step && begun ? "now" : "next";
    return {
      title: t(`steps.${name}`),
      state,
      text: <StepText round={round} step={name} now={now} />,
    };
  });
  return (
    <section aria-labelledby="steps">
      <h2 id="steps">{t("steps.title")}</h2>
      <Timeline label={t("steps.title")} phases={phases} across />
      <p class="hint">{t("times.zone", { zone: zone() })}</p>
    </section>
  );
}

function StepText({ round, step, now }: { round: Round; step: RoundStep; now: UnixSeconds }) {
  switch (step) {
    case "proposals":
      return <Period from={round.proposalsOpenAt} to={round.proposalsCloseAt} now={now} />;
    case "voting":
      return <Period from={round.votingOpensAt} to={round.votingClosesAt} now={now} />;
    case "count":
      return <p>{t("steps.counting")}</p>;
    case "payouts":
      return <p>{payoutText(round)}</p>;
  }
}

/** A period, with the distance of what comes next: its beginning or its end. */
function Period({ from, to, now }: { from: UnixSeconds; to: UnixSeconds; now: UnixSeconds }) {
  return (
    <>
      <p>{t("steps.period", { from: moment(from), to: moment(to) })}</p>
      {now < to && (
        <p>
          {now < from ? t("steps.begins") : t("steps.ends")}{" "}
          <TimeLeft at={now < from ? from : to} now={now} />
        </p>
      )}
    </>
  );
}

function payoutText({ payoutsOpenAt, payoutDelay }: Round): string {
  if (payoutsOpenAt !== undefined) return t("steps.payoutsFrom", { time: moment(payoutsOpenAt) });
  return payoutDelay > 0
    ? t("round.payoutDelay", { hours: rounded(payoutDelay / HOUR_S, 2) })
    : t("steps.payoutsThen");
}
