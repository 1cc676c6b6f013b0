/** A subscription, opened by a link of a message: confirm it, see and save its data, delete it. */

import { useState } from "preact/hooks";

import { Refusal } from "../client/gateway.ts";
import {
  type Access,
  accessOf,
  countsOf,
  OwnSubscription,
  type Subscription,
} from "../client/subscriptions.ts";
import { t } from "../messages/follow.ts";
import { LANGUAGES, moment } from "../messages/index.ts";
import { Notice } from "../view/notice.tsx";
import { Facts, Page, saveFile } from "../view/page.tsx";
import { Await, Failure, useResource } from "../view/resource.tsx";
import { gateway } from "../view/session.ts";

const ID_DIGITS = 32;

export function SubscriptionPage({ id }: { id: bigint }) {
  const access = accessOf(location.hash);
  const digits = id.toString(16).padStart(ID_DIGITS, "0");
  return (
    <Page title={t("subscription.document")}>
      {access ? <Opened id={digits} access={access} /> : <Unknown />}
    </Page>
  );
}

function Opened({ id, access }: { id: string; access: Access }) {
  const own = new OwnSubscription(gateway, id, access);
  const found = useResource(() => own.read(), [id, access.token]);
  const [done, setDone] = useState<"confirmed" | "deleted">();
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>();
  const act = async (action: () => Promise<void>, outcome: "confirmed" | "deleted") => {
    setWorking(true);
    setError(undefined);
    try {
      await action();
      setDone(outcome);
      if (outcome === "confirmed") found.reload();
    } catch (failed) {
      setError(failed);
    }
    setWorking(false);
  };
  if (done === "deleted") {
    return (
      <Notice tone="good" title={t("subscription.deleted")}>
        <p>{t("subscription.deletedText")}</p>
      </Notice>
    );
  }
  if (isUnknown(found.error) || isUnknown(error)) return <Unknown />;
  return (
    <Await resource={found}>
      {({ shown, all }) => (
        <>
          {done === "confirmed" && <Notice tone="good" title={t("subscription.confirmed")} />}
          {shown.confirmedAt === undefined && !done && (
            <Notice tone="warn" still title={t("subscription.unconfirmed")}>
              <p>{t("subscription.unconfirmedText", { time: moment(shown.deletedAt) })}</p>
              {access.purpose === "confirm" && (
                <button
                  type="button"
                  class="primary"
                  disabled={working}
                  onClick={() => void act(() => own.confirm(), "confirmed")}
                >
                  {t("subscription.confirm")}
                </button>
              )}
            </Notice>
          )}
          <Data shown={shown} />
          <p class="actions">
            <button
              type="button"
              onClick={() => {
                saveFile(`ostraka-subscription-${id}.json`, JSON.stringify(all, null, 2));
              }}
            >
              {t("subscription.save")}
            </button>
            <button
              type="button"
              disabled={working}
              onClick={() => void act(() => own.remove(), "deleted")}
            >
              {t("subscription.delete")}
            </button>
          </p>
          {error !== undefined && <Failure error={error} />}
        </>
      )}
    </Await>
  );
}

function Data({ shown }: { shown: Subscription }) {
  const { subject, title, path, channel, address, language, confirmedAt } = shown;
  return (
    <Facts
      facts={[
        [
          t("subscription.subject"),
          path === undefined ? <code>{subject}</code> : <a href={path}>{title}</a>,
        ],
        [t("subscription.channel"), t(`follow.by.${channel}`)],
        [t("subscription.address"), address ?? t("subscription.noAddress")],
        [t("subscription.language"), nameOf(language)],
        [t("subscription.created"), moment(shown.createdAt)],
        [
          t("subscription.confirmedAt"),
          confirmedAt === undefined ? t("subscription.notYet") : moment(confirmedAt),
        ],
        [t("subscription.deletedAt"), moment(shown.deletedAt)],
        [t("subscription.messages"), t("subscription.counts", countsOf(shown))],
      ]}
    />
  );
}

function Unknown() {
  return (
    <Notice tone="bad" title={t("subscription.unknown")}>
      <p>{t("subscription.unknownText")}</p>
    </Notice>
  );
}

function isUnknown(error: unknown): boolean {
  return error instanceof Refusal && error.problem.code === "no-such-subscription";
}

function nameOf(language: string): string {
  return (LANGUAGES as Readonly<Record<string, string>>)[language] ?? language;
}
