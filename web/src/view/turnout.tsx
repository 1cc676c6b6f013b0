/** Turnout as a bar and in percent of those who may vote. */

import { progress } from "../client/views.ts";
import { number, percent, t } from "../messages/index.ts";
import { Bar } from "./bar.tsx";
import { useResource } from "./resource.tsx";
import { gateway } from "./session.ts";

export function Turnout({ voted, voters }: { voted: number; voters: number }) {
  return (
    <Bar
      label={t("turnout.label")}
      text={t("turnout.text", {
        percent: percent(BigInt(voted), BigInt(voters)),
        voted: number(voted),
        voters: number(voters),
      })}
      whole={BigInt(voters)}
      parts={[{ value: BigInt(voted) }]}
    />
  );
}

/** Turnout of a poll: of an open one as the nodes count it, later the counted ballots. */
export function CountedTurnout({
  poll,
  open,
  voters,
  counted,
}: {
  poll: bigint;
  /** Whether to ask the nodes. */
  open: boolean;
  voters: number;
  /** Ballots under the anchored root; undefined before. */
  counted: number | undefined;
}) {
  const asked = useResource(async () => {
    return open ? await gateway.get(`/polls/${poll}/progress`, progress) : undefined;
  }, [poll, open]);
  const voted = open ? asked.value?.voted : counted;
  return voted === undefined ? null : <Turnout voted={voted} voters={voters} />;
}
