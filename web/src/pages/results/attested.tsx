/** Whose word an outcome on opened ballots is: the contract cannot compute it, this browser can. */

import { useState } from "preact/hooks";

import { checksummed } from "../../client/address.ts";
import type { AttestedOutcome } from "../../client/views.ts";
import { moment } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import type { BallotOutcome } from "../../protocol/outcome/ballots.ts";
import type { Decided } from "../../protocol/outcome/methods/steps.ts";
import { CopyHash } from "../../view/copy.tsx";
import { Notice } from "../../view/notice.tsx";
import { Facts } from "../../view/page.tsx";
import { Await, useResource } from "../../view/resource.tsx";
import type { VetoProps } from "./veto.tsx";

interface Props {
  readonly poll: bigint;
  readonly rule: BallotOutcome;
  readonly decided: Decided;
  readonly attested: AttestedOutcome;
  /** Read the outcome's state again. */
  readonly reload: () => void;
}

/** What the contract knows of the outcome, and whether this browser found the same. */
export function Attested(props: Props) {
  const { poll, rule, attested, reload } = props;
  const { vetoHolder } = rule.objection;
  const { state, objectionEndsAt } = attested;
  // A veto while the page is open is announced.
  const [first] = useState(state);
  return (
    <section aria-label={t("results.attested.section")}>
      <Word {...props} still={state === first} />
      {state === "objectable" && objectionEndsAt !== undefined && vetoHolder.some(Boolean) && (
        <ForHolder poll={poll} holder={vetoHolder} endsAt={objectionEndsAt} reload={reload} />
      )}
    </section>
  );
}

/** Loaded for the few outcomes that somebody may veto now. */
function ForHolder(props: VetoProps) {
  const found = useResource(() => import("./veto.tsx"), []);
  return <Await resource={found}>{({ VetoSection }) => <VetoSection {...props} />}</Await>;
}

function Word({ rule, decided, attested, still }: Props & { still: boolean }) {
  const { vetoHolder } = rule.objection;
  const holder = vetoHolder.some(Boolean);
  const differs = attested.awards?.some((award, slot) => {
    return Boolean(award) !== decided.winners.includes(slot);
  });
  const whose = (
    <>
      <State attested={attested} holder={holder} />
      {holder && (
        <Facts
          facts={[
            [
              t("results.attested.holder"),
              <CopyHash value={checksummed(vetoHolder)} name={t("results.attested.holder")} />,
            ],
          ]}
        />
      )}
    </>
  );
  if (differs) {
    return (
      <Notice tone="bad" title={t("results.attested.differs")}>
        <p>{t("results.attested.differsMore")}</p>
        {whose}
      </Notice>
    );
  }
  const { state } = attested;
  if (state === "vetoed" || state === "missed") {
    return (
      <Notice tone="warn" title={t(`results.attested.${state}`)} still={still}>
        <p>{t("results.attested.lost")}</p>
        {whose}
      </Notice>
    );
  }
  return (
    <Notice tone="info" title={t("results.attested.title")} still={still}>
      <p>{t("results.attested.word")}</p>
      {whose}
    </Notice>
  );
}

/** Until when what can happen. */
function State({ attested, holder }: { attested: AttestedOutcome; holder: boolean }) {
  const { state, attestBy, objectionEndsAt } = attested;
  if (state === "awaited" && attestBy !== undefined) {
    return <p>{t("results.attested.awaited", { time: moment(attestBy) })}</p>;
  }
  if (objectionEndsAt === undefined) return null;
  const time = moment(objectionEndsAt);
  if (state === "objectable") {
    return <p>{t(`results.attested.${holder ? "objectable" : "unopposed"}`, { time })}</p>;
  }
  return state === "final" ? <p>{t("results.attested.final", { time })}</p> : null;
}
