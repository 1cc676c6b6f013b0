/** Findings of an audit: the verdict, a sentence for each group of checks, and the checks in it. */

import type { ComponentChildren } from "preact";

import { assumptionText } from "../messages/assumptions.ts";
import { messageIfAny, moment } from "../messages/index.ts";
import { t } from "../messages/results.ts";
import type { Finding } from "../protocol/checks/audit.ts";
import { assumptionsOf, condensed, verdictOf } from "../protocol/checks/checks.ts";
import { unixSeconds } from "../protocol/units.ts";
import { Badge, type Tone } from "../view/badge.tsx";
import { CopyHash } from "../view/copy.tsx";
import { Disclosure, Disclosures } from "../view/disclosure.tsx";
import { Notice } from "../view/notice.tsx";
import {
  type AuditState,
  CHECK_GROUPS,
  type CheckGroup,
  detailParts,
  groupOf,
  stateOf,
} from "./audit_groups.ts";
import "./audit.css";

const TONES: Readonly<Record<AuditState, Tone>> = {
  holds: "good",
  fails: "bad",
  "not checked": "warn",
  assumed: "warn",
};

/** Lines up to which they are shown as they are: one reason prevented everything else. */
const ONE_REASON = 2;

export function Findings({ findings }: { findings: readonly Finding[] }) {
  const lines = condensed(findings);
  return (
    <>
      <VerdictNotice findings={findings} />
      <h2>{t("audit.summary")}</h2>
      {lines.length <= ONE_REASON ? (
        <Checks lines={lines} />
      ) : (
        <Disclosures>
          {CHECK_GROUPS.map((group) => (
            <Group key={group} group={group} findings={findings} />
          ))}
        </Disclosures>
      )}
    </>
  );
}

/** The verdict with what it assumes. */
export function VerdictNotice({ findings }: { findings: readonly Finding[] }) {
  const verdict = verdictOf(findings);
  const assumed = assumptionsOf(findings);
  const forTests = findings.some(({ warning }) => warning === "test deployment");
  const kinds = { holds: "good", fails: "bad", "not checked": "warn" } as const;
  return (
    <>
      <Notice
        tone={assumed.length ? "warn" : kinds[verdict]}
        title={assumed.length ? t("audit.assuming") : t(`audit.verdicts.${verdict}`)}
      >
        {assumed.length > 0 && (
          <ul>
            {assumed.map((one) => (
              <li key={one.code}>{assumptionText(one)}</li>
            ))}
          </ul>
        )}
      </Notice>
      {forTests && <p class="notice warn">{t("audit.testDeployment")}</p>}
    </>
  );
}

/** The sentence of each group, without its checks. */
export function Sentences({ findings }: { findings: readonly Finding[] }) {
  return (
    <ul class="checks">
      {CHECK_GROUPS.map((group) => {
        const state = stateOf(findings.filter(({ check }) => groupOf(check) === group));
        return (
          <li key={group}>
            <p>{sentenceOf(group, state)}</p>
            <Badge tone={TONES[state]}>{t(`audit.words.${state}`)}</Badge>
          </li>
        );
      })}
    </ul>
  );
}

function sentenceOf(group: CheckGroup, state: AuditState): string {
  if (state !== "assumed") return t(`audit.groups.${group}.${state}`);
  return t(group === "voters" ? "audit.groups.voters.assumed" : `audit.groups.${group}.holds`);
}

function Group({ group, findings }: { group: CheckGroup; findings: readonly Finding[] }) {
  const own = findings.filter(({ check }) => groupOf(check) === group);
  const state = stateOf(own);
  return (
    <Disclosure
      summary={sentenceOf(group, state)}
      aside={<Badge tone={TONES[state]}>{t(`audit.words.${state}`)}</Badge>}
      open={state === "fails"}
    >
      <Checks lines={condensed(own)} />
    </Disclosure>
  );
}

/** Checks with their numbers; those that one reason prevented are one line. */
function Checks({ lines }: { lines: readonly (readonly Finding[])[] }) {
  return (
    <ul class="checks">
      {lines.map((alike) => {
        const [one, last] = [alike[0]!, alike.at(-1)!];
        const several = alike.length > 1;
        const state = stateOf([one]);
        return (
          <li key={one.check}>
            <p>
              <strong>{several ? `${one.check} – ${last.check}` : one.check}</strong>{" "}
              {several
                ? t("audit.checks", { count: alike.length })
                : (messageIfAny(`audit.claims.${one.check}`) ?? one.claim)}
            </p>
            <Badge tone={TONES[state]}>{t(`audit.words.${state}`)}</Badge>
            <p class="hint">
              <Detail finding={one} />
            </p>
          </li>
        );
      })}
    </ul>
  );
}

/** What was found, with hashes that can be copied, and moments as dates. */
function Detail({ finding: { check, item, detail } }: { finding: Finding }) {
  const text = [item, detail].filter(Boolean).join(": ");
  return <>{detailParts(text).map((part, place) => shownPart(part, `${check}, ${place + 1}`))}</>;
}

const HASH = /^0x[0-9a-f]{16,}$/i;
const SECONDS = /^[1-9][0-9]{9}$/;

function shownPart(part: string, name: string): ComponentChildren {
  if (HASH.test(part)) return <CopyHash key={name} value={part} name={name} />;
  return SECONDS.test(part) ? moment(unixSeconds(Number(part))) : part;
}
