/** The section "Follow" of a page: a calendar, a feed, and messages where the site sends them. */

import { useState } from "preact/hooks";

import { Refusal } from "../client/gateway.ts";
import { type Channel, channelsOf, follow } from "../client/subscriptions.ts";
import type { Config } from "../client/views.ts";
import { t } from "../messages/follow.ts";
import { currentLanguage } from "../messages/index.ts";
import { Disclosure, Disclosures } from "../view/disclosure.tsx";
import { Field } from "../view/field.tsx";
import { Notice } from "../view/notice.tsx";
import { Failure } from "../view/resource.tsx";
import { gateway } from "../view/session.ts";

export interface Followed {
  readonly config: Config;
  /** `round-` or `poll-` with its number, or `proposal-` with its id. */
  readonly subject: string;
  /** Path of the round or poll whose dates its calendar has. */
  readonly dates: string;
  /** Path of the round whose feed is offered; "" for the feed of the whole site. */
  readonly news: string;
}

const HOUR_S = 3600;

export function Follow({ config, subject, dates, news }: Followed) {
  const channels = channelsOf(config);
  const language = `?lang=${currentLanguage()}`;
  return (
    <section aria-labelledby="follow">
      <h2 id="follow">{t("follow.title")}</h2>
      <p>{t("follow.lead")}</p>
      {channels.length > 0 && (
        <Disclosures>
          {channels.map((channel) => (
            <Disclosure key={channel} summary={t(`follow.by.${channel}`)}>
              <Ask key={subject} channel={channel} subject={subject} />
            </Disclosure>
          ))}
        </Disclosures>
      )}
      <p class="actions">
        <a href={`/api/v1${dates}/calendar.ics${language}`} download>
          {t("follow.calendar")}
        </a>
        <a href={`/api/v1${news}/feed.atom${language}`}>{t("follow.feed")}</a>
      </p>
    </section>
  );
}

/** The form for one channel. */
function Ask({ channel, subject }: { channel: Channel; subject: string }) {
  const id = `follow-${channel}`;
  const [address, setAddress] = useState("");
  const [hours, setHours] = useState<number>();
  const [wrong, setWrong] = useState(false);
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>();
  if (hours !== undefined) {
    return <Notice tone="good" title={t(`follow.asked.${channel}`, { address, hours })} />;
  }
  const send = async () => {
    setWorking(true);
    setWrong(false);
    setError(undefined);
    try {
      const wanted = { channel, subject, address, language: currentLanguage() };
      setHours(Math.floor((await follow(gateway, wanted)) / HOUR_S));
    } catch (failed) {
      if (failed instanceof Refusal && failed.problem.field === "address") {
        setWrong(true);
        document.getElementById(id)?.focus();
      } else setError(failed);
    }
    setWorking(false);
  };
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Field
        id={id}
        label={t(`follow.address.${channel}`)}
        hint={t(`follow.hint.${channel}`)}
        error={wrong && t(`follow.wrong.${channel}`)}
      >
        {(given) => (
          <input
            {...given}
            inputMode={channel === "email" ? "email" : "url"}
            autocapitalize="none"
            autocomplete={channel === "email" ? "email" : "off"}
            value={address}
            onInput={(event) => {
              setAddress(event.currentTarget.value.trim());
            }}
          />
        )}
      </Field>
      <button type="submit" disabled={working}>
        {t(`follow.ask.${channel}`)}
      </button>
      {error !== undefined && <Failure error={error} />}
    </form>
  );
}
