/** The organizers of this gateway, for administrators: add, give new tokens, revoke. */

import { useState } from "preact/hooks";

import type { Organizer } from "../../client/organizing.ts";
import {
  addMember,
  changeRole,
  type Member,
  type NewMember,
  revokeAccess,
  type Role,
  ROLES,
  rotateToken,
  teamOf,
  type WithToken,
} from "../../client/team.ts";
import { moment, short } from "../../messages/index.ts";
import { t } from "../../messages/organizer.ts";
import { toHex } from "../../protocol/encoding.ts";
import { Badge } from "../../view/badge.tsx";
import { CopyHash } from "../../view/copy.tsx";
import { Notice } from "../../view/notice.tsx";
import { Page } from "../../view/page.tsx";
import { Await, Failure, useResource } from "../../view/resource.tsx";
import { type Column, Table } from "../../view/table.tsx";
import { SelectField, TextField } from "./inputs.tsx";
import { AsOrganizer, roleName } from "./token.tsx";

/** Id of the administrator whose token is in the gateway's settings. */
const FIRST = "first";
const MS_PER_S = 1000;

export function TeamPage() {
  return (
    <Page title={t("organize.nav.team")}>
      <p class="lead">{t("organize.team.lead")}</p>
      <AsOrganizer needs="administer">{(organizer) => <Team organizer={organizer} />}</AsOrganizer>
    </Page>
  );
}

function Team({ organizer }: { organizer: Organizer }) {
  const found = useResource(() => teamOf(organizer.gateway), []);
  const [made, setMade] = useState<WithToken>();
  const [error, setError] = useState<unknown>();
  const [working, setWorking] = useState(false);
  const run = async (action: () => Promise<WithToken | undefined>): Promise<boolean> => {
    setWorking(true);
    setError(undefined);
    setMade(undefined);
    let done = false;
    try {
      setMade(await action());
      found.reload();
      done = true;
    } catch (problem) {
      setError(problem);
    }
    setWorking(false);
    return done;
  };
  return (
    <>
      {made?.token !== undefined && <NewToken name={made.organizer.name} token={made.token} />}
      {made && made.token === undefined && (
        <Notice tone="good" title={t("organize.team.added", { name: made.organizer.name })} />
      )}
      {error !== undefined && <Failure error={error} />}
      <Await resource={found}>
        {(listed) => (
          <Members
            members={listed}
            working={working}
            rotate={(id) => void run(() => rotateToken(organizer.gateway, id))}
            changeRole={(id, role) =>
              void run(async () => {
                await changeRole(organizer.gateway, id, role);
                return undefined;
              })
            }
            revoke={(id) =>
              void run(async () => {
                await revokeAccess(organizer.gateway, id);
                return undefined;
              })
            }
          />
        )}
      </Await>
      <AddMember
        working={working}
        add={(wanted) => run(() => addMember(organizer.gateway, wanted))}
      />
    </>
  );
}

function NewToken({ name, token }: { name: string; token: string }) {
  return (
    <Notice tone="good" title={t("organize.team.token", { name })}>
      <p>
        <CopyHash value={token} name={t("organize.token.label")} whole />
      </p>
      <p>{t("organize.team.tokenText")}</p>
    </Notice>
  );
}

function Members({
  members,
  working,
  changeRole,
  rotate,
  revoke,
}: {
  members: readonly Member[];
  working: boolean;
  changeRole: (id: string, role: Role) => void;
  rotate: (id: string) => void;
  revoke: (id: string) => void;
}) {
  const [asked, setAsked] = useState<string>();
  const [changing, setChanging] = useState<string>();
  const actions = ({ id, name, role, revokedAt }: Member) => {
    if (id === FIRST) return t("organize.team.inSettings");
    if (revokedAt !== undefined) return null;
    if (asked === id) {
      return (
        <span class="actions">
          <button
            type="button"
            disabled={working}
            onClick={() => {
              setAsked(undefined);
              revoke(id);
            }}
          >
            {t("organize.team.revokeNow", { name })}
          </button>
          <button
            type="button"
            onClick={() => {
              setAsked(undefined);
            }}
          >
            {t("organize.team.keep")}
          </button>
        </span>
      );
    }
    if (changing === id) {
      return (
        <NewRole
          name={name}
          role={role}
          save={(wanted) => {
            setChanging(undefined);
            changeRole(id, wanted);
          }}
          keep={() => {
            setChanging(undefined);
          }}
        />
      );
    }
    return (
      <span class="actions">
        <button
          type="button"
          disabled={working}
          aria-label={t("organize.team.roleOf", { name })}
          onClick={() => {
            setChanging(id);
          }}
        >
          {t("organize.team.role")}
        </button>
        <button
          type="button"
          disabled={working}
          aria-label={t("organize.team.rotateOf", { name })}
          onClick={() => {
            rotate(id);
          }}
        >
          {t("organize.team.rotate")}
        </button>
        <button
          type="button"
          disabled={working}
          aria-label={t("organize.team.revokeOf", { name })}
          onClick={() => {
            setAsked(id);
          }}
        >
          {t("organize.team.revoke")}
        </button>
      </span>
    );
  };
  const columns: readonly Column<Member>[] = [
    { title: t("organize.team.name"), value: ({ name }) => name },
    { title: t("organize.team.role"), value: ({ role }) => roleName(role) },
    { title: t("organize.team.signIn"), value: waysIn },
    { title: t("organize.team.access"), value: (member) => <Access member={member} /> },
    { title: t("organize.team.change"), value: actions },
  ];
  return (
    <Table
      caption={t("organize.team.caption")}
      columns={columns}
      rows={members}
      keyOf={({ id }) => id}
    />
  );
}

/** Asks for another role, and says what it allows. */
function NewRole({
  name,
  role,
  save,
  keep,
}: {
  name: string;
  role: string;
  save: (wanted: Role) => void;
  keep: () => void;
}) {
  const others = ROLES.filter((one) => one !== role);
  const [wanted, setWanted] = useState<Role>(others[0]!);
  return (
    <form
      aria-label={t("organize.team.roleOf", { name })}
      onSubmit={(event) => {
        event.preventDefault();
        save(wanted);
      }}
    >
      <SelectField
        path="member.new-role"
        label={t("organize.team.newRole")}
        hint={t(`organize.roles.${wanted}.may`)}
        value={wanted}
        change={(chosen) => {
          setWanted(chosen as Role);
        }}
        choices={others.map((one) => [one, roleName(one)] as const)}
      />
      <p class="actions">
        <button type="submit">{t("organize.team.saveRole")}</button>
        <button type="button" onClick={keep}>
          {t("organize.team.keepRole")}
        </button>
      </p>
    </form>
  );
}

function waysIn({ hasToken, wallet }: Member): string {
  const ways = [
    hasToken && t("organize.team.byToken"),
    wallet && t("organize.team.byWallet", { account: short(toHex(wallet)) }),
  ];
  return ways.filter(Boolean).join(", ");
}

function Access({ member: { active, expiresAt, revokedAt } }: { member: Member }) {
  if (revokedAt !== undefined) {
    return <Badge>{t("organize.team.revoked", { time: moment(revokedAt) })}</Badge>;
  }
  if (expiresAt === undefined) return <Badge tone="good">{t("organize.team.active")}</Badge>;
  const time = moment(expiresAt);
  return active ? (
    <Badge tone="good">{t("organize.team.until", { time })}</Badge>
  ) : (
    <Badge>{t("organize.team.expired", { time })}</Badge>
  );
}

function AddMember({
  working,
  add,
}: {
  working: boolean;
  add: (wanted: NewMember) => Promise<boolean>;
}) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("organizer");
  const [wallet, setWallet] = useState("");
  const [lastDay, setLastDay] = useState("");
  const submit = async () => {
    const done = await add({
      name: name.trim(),
      role,
      ...(wallet.trim() && { wallet: wallet.trim() }),
      ...(lastDay && { expires_at: Math.floor(Date.parse(`${lastDay}T23:59:59`) / MS_PER_S) }),
    });
    if (!done) return;
    setName("");
    setWallet("");
    setLastDay("");
  };
  return (
    <form
      aria-labelledby="add-organizer"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h2 id="add-organizer">{t("organize.team.add")}</h2>
      <TextField
        path="member.name"
        label={t("organize.team.name")}
        hint={t("organize.team.nameHint")}
        value={name}
        change={setName}
        more={{ required: true, maxLength: 150 }}
      />
      <SelectField
        path="member.role"
        label={t("organize.team.role")}
        hint={t(`organize.roles.${role}.may`)}
        value={role}
        change={(chosen) => {
          setRole(chosen as Role);
        }}
        choices={ROLES.map((one) => [one, roleName(one)] as const)}
      />
      <TextField
        path="member.wallet"
        label={t("organize.team.wallet")}
        hint={t("organize.team.walletHint")}
        value={wallet}
        change={setWallet}
        more={{ pattern: "0x[0-9a-fA-F]{40}", spellcheck: false }}
      />
      <TextField
        path="member.last-day"
        label={t("organize.team.lastDay")}
        hint={t("organize.team.lastDayHint")}
        value={lastDay}
        change={setLastDay}
        more={{ type: "date" }}
      />
      <button type="submit" class="primary" disabled={working}>
        {t("organize.team.addNow")}
      </button>
    </form>
  );
}
