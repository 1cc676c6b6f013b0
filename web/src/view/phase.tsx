/** The phase of a round or poll, as a badge and as the moment that readers wait for. */

import { CalendarClock, CircleCheck, CircleSlash, Hourglass, Lightbulb, Vote } from "lucide";
import type { IconNode } from "lucide";

import { type NextMoment, stageOf } from "../client/phases.ts";
import { messageIfAny, t } from "../messages/index.ts";
import type { UnixSeconds } from "../protocol/units.ts";
import { Badge, type Tone } from "./badge.tsx";
import { TimeLeft } from "./time_left.tsx";

const ICONS: Readonly<Record<string, IconNode>> = {
  proposing: Lightbulb,
  voting: Vote,
  open: Vote,
  closed: Hourglass,
  tallied: CircleCheck,
  decided: CircleCheck,
  vetoed: CircleSlash,
  void: CircleSlash,
};

const TONES: Readonly<Record<string, Tone>> = {
  closed: "warn",
  tallied: "good",
  decided: "good",
  vetoed: "bad",
};

export function PhaseBadge({ phase }: { phase: string }) {
  const tone = stageOf(phase) === "now" ? "accent" : (TONES[phase] ?? "neutral");
  return (
    <Badge tone={tone} icon={ICONS[phase] ?? CalendarClock}>
      {messageIfAny(`phases.${phase}`) ?? phase}
    </Badge>
  );
}

/** "Voting closes in 3 days", by the chain's clock. */
export function Countdown({ next: { kind, at }, now }: { next: NextMoment; now: UnixSeconds }) {
  return (
    <>
      {t(`moments.${kind}`)} <TimeLeft at={at} now={now} />
    </>
  );
}
