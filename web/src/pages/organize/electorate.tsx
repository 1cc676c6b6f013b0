/** Step of the wizard: who may propose and vote. */

import { useState } from "preact/hooks";

import {
  type AccountFile,
  readAccountFile,
  totalWeight,
  type WrongLine,
} from "../../client/account_file.ts";
import {
  ELECTORATE_KINDS,
  ELECTORATES,
  type ElectorateDraft,
  freshElectorate,
  type PlanDraft,
} from "../../client/plan_draft.ts";
import { t } from "../../messages/organizer.ts";
import { CheckField, idOf, KindField, useDescribed, ValueFields, WrongWith } from "./inputs.tsx";
import { Invitations, type Making } from "./invitations.tsx";

const UNINVITED = ELECTORATES.filter((kind) => kind !== "invitations");
/** Maximum number of invalid lines that are listed. */
const SHOWN = 20;

export function VotersStep({
  draft,
  change,
  making,
}: {
  draft: PlanDraft;
  change: (part: Partial<PlanDraft>) => void;
  making: Making;
}) {
  const shared = (
    <CheckField
      path="shared_keys"
      label={t("organize.voters.shared")}
      hint={t("organize.voters.sharedHint")}
      value={draft.sharedKeys}
      change={(sharedKeys) => {
        change({ sharedKeys });
      }}
    />
  );
  const membersInvited = draft.kind === "round" && draft.members.kind === "invitations";
  const voters = (
    <Electorate
      key="voters"
      path="voters"
      legend={t("organize.voters.who")}
      // One set of invitations: invited members use theirs for proposals and for the vote.
      kinds={membersInvited ? UNINVITED : ELECTORATES}
      electorate={draft.voters}
      making={making}
      change={(voters) => {
        change({ voters });
      }}
    />
  );
  if (draft.kind === "poll") {
    return (
      <>
        {voters}
        {/* Every invitation is bound to a key of its own. */}
        {draft.voters.kind !== "invitations" && shared}
      </>
    );
  }
  return (
    <>
      <p>{t("organize.voters.round")}</p>
      <Electorate
        key="members"
        path="members"
        legend={t("organize.voters.whoProposes")}
        kinds={ELECTORATES}
        electorate={draft.members}
        making={making}
        change={(members) => {
          const twice = members.kind === "invitations" && draft.voters.kind === "invitations";
          change({ members, ...(twice && { voters: freshElectorate("list") }) });
        }}
      />
      <CheckField
        path="separate"
        label={t("organize.voters.separate")}
        hint={t("organize.voters.separateHint")}
        value={draft.separate}
        change={(separate) => {
          change({ separate });
        }}
      />
      {draft.separate && voters}
      {!membersInvited && shared}
    </>
  );
}

function Electorate({
  path,
  legend,
  kinds,
  electorate,
  making,
  change,
}: {
  path: string;
  legend: string;
  kinds: readonly ElectorateDraft["kind"][];
  electorate: ElectorateDraft;
  making: Making;
  change: (electorate: ElectorateDraft) => void;
}) {
  const { kind } = electorate;
  return (
    <>
      <KindField
        path={path}
        legend={legend}
        kinds={kinds.map((one) => [
          one,
          t(`organize.voters.kinds.${one}.name`),
          t(`organize.voters.kinds.${one}.hint`),
        ])}
        value={kind}
        change={(chosen) => {
          change(freshElectorate(chosen as ElectorateDraft["kind"]));
        }}
      />
      {kind === "list" && (
        <Accounts path={`${path}.accounts`} electorate={electorate} change={change} />
      )}
      {kind === "invitations" && (
        <Invitations
          path={`${path}.invitations`}
          accounts={electorate.accounts}
          making={making}
          change={(accounts) => {
            change({ ...electorate, accounts });
          }}
        />
      )}
      <ValueFields
        path={path}
        scope={kind}
        members={ELECTORATE_KINDS[kind]!}
        values={electorate.values}
        change={(values) => {
          change({ ...electorate, values });
        }}
      />
    </>
  );
}

function Accounts({
  path,
  electorate,
  change,
}: {
  path: string;
  electorate: ElectorateDraft;
  change: (electorate: ElectorateDraft) => void;
}) {
  const [read, setRead] = useState<AccountFile>();
  const described = useDescribed(path, t("organize.accounts.format"));
  const { accounts } = electorate;
  const take = async (file: File) => {
    const found = readAccountFile(await file.text());
    setRead(found);
    change({ ...electorate, accounts: found.wrong.length ? [] : found.accounts });
  };
  return (
    <div class="field">
      <label for={idOf(path)}>{t("organize.accounts.file")}</label>
      <input
        type="file"
        accept=".csv,text/csv,text/plain"
        {...described}
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file) void take(file);
        }}
      />
      <p id={`${idOf(path)}-hint`} class="hint">
        {t("organize.accounts.format")}
      </p>
      <WrongWith path={path} />
      {read && read.wrong.length > 0 && <WrongLines read={read} />}
      {accounts.length > 0 && (
        <p class="notice good" role="status">
          {t("organize.accounts.good", {
            accounts: accounts.length,
            weight: totalWeight(accounts),
          })}
        </p>
      )}
    </div>
  );
}

function WrongLines({ read: { wrong } }: { read: AccountFile }) {
  return (
    <div class="notice bad" role="alert">
      <p>{t("organize.accounts.wrong", { count: wrong.length })}</p>
      <ul>
        {wrong.slice(0, SHOWN).map((wrongLine) => (
          <li key={`${wrongLine.line} ${wrongLine.fault}`}>
            {t("organize.accounts.line", {
              line: wrongLine.line,
              what: whatIsWrong(wrongLine),
            })}
          </li>
        ))}
      </ul>
      {wrong.length > SHOWN && (
        <p>{t("organize.accounts.more", { count: wrong.length - SHOWN })}</p>
      )}
    </div>
  );
}

function whatIsWrong({ fault, value, first = 0 }: WrongLine): string {
  switch (fault) {
    case "twice":
      return t("organize.accounts.faults.twice", { value, first });
    case "quotes":
    case "zero":
    case "no_weight":
      return t(`organize.accounts.faults.${fault}`);
    default:
      return t(`organize.accounts.faults.${fault}`, { value });
  }
}
