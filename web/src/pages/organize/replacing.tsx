/**
 * A new code for a member who lost the key.
 *
 * The file of codes is read here and sent nowhere; the gateway gets the address of the new code.
 */

import { useState } from "preact/hooks";

import { checksummed } from "../../client/address.ts";
import type { Organizer } from "../../client/organizing.ts";
import {
  matching,
  newCodeFile,
  NoCodes,
  readCodes,
  type Reason,
  REASONS,
  type SavedCode,
} from "../../client/replacing.ts";
import { short } from "../../messages/index.ts";
import { t } from "../../messages/organizer.ts";
import { toHex } from "../../protocol/encoding.ts";
import { SigningKey } from "../../protocol/keys.ts";
import { systemRandomness } from "../../protocol/randomness.ts";
import { Disclosure, Disclosures } from "../../view/disclosure.tsx";
import { Field } from "../../view/field.tsx";
import { Notice } from "../../view/notice.tsx";
import { saveFile } from "../../view/page.tsx";
import { Failure } from "../../view/resource.tsx";
import { SelectField, TextField } from "./inputs.tsx";

/** Most members that a search shows. */
const MOST_SHOWN = 8;

interface Props {
  readonly organizer: Organizer;
  /** Number of the round. */
  readonly round: bigint;
  readonly done: () => void;
}

export function Replacing(props: Props) {
  const { round } = props;
  const [codes, setCodes] = useState<readonly SavedCode[]>();
  const [reading, setReading] = useState<number>();
  const [error, setError] = useState<NoCodes>();
  const read = async (file: File) => {
    setError(undefined);
    setCodes(undefined);
    setReading(0);
    try {
      setCodes(await readCodes(await file.text(), setReading));
    } catch (problem) {
      if (!(problem instanceof NoCodes)) throw problem;
      setError(problem);
    }
    setReading(undefined);
  };
  return (
    <section aria-labelledby="replacing">
      <h2 id="replacing">{t("organize.replacing.title")}</h2>
      <p>{t("organize.replacing.lead")}</p>
      <Disclosures>
        <Disclosure summary={t("organize.replacing.start")}>
          <Field
            id="replacing-codes"
            label={t("organize.replacing.file")}
            hint={t("organize.replacing.fileHint")}
            error={error && t("organize.replacing.noCodes", { line: error.line })}
          >
            {(given) => (
              <input
                {...given}
                type="file"
                accept=".csv,text/csv,text/plain"
                onChange={(event) => {
                  const [file] = event.currentTarget.files ?? [];
                  if (file) void read(file);
                }}
              />
            )}
          </Field>
          {reading !== undefined && (
            <p role="status">{t("organize.replacing.reading", { count: reading })}</p>
          )}
          {codes && <Replace codes={codes} {...props} />}
        </Disclosure>
      </Disclosures>
      <p>
        <a href={`/rounds/${round}/log`}>{t("organize.replacing.log")}</a>
      </p>
    </section>
  );
}

/** A member who was found, with the new code that is saved already. */
interface Prepared {
  readonly saved: SavedCode;
  readonly code: SigningKey;
  readonly file: string;
}

function Replace({ codes, organizer, round, done }: Props & { codes: readonly SavedCode[] }) {
  const [query, setQuery] = useState("");
  const [reason, setReason] = useState<Reason>("lost-key");
  const [prepared, setPrepared] = useState<Prepared>();
  const [working, setWorking] = useState(false);
  const [replaced, setReplaced] = useState<string>();
  const [error, setError] = useState<unknown>();
  const found = matching(codes, query);
  const prepare = (saved: SavedCode) => {
    const code = SigningKey.generate(systemRandomness);
    const file = newCodeFile(location.origin, saved, code);
    setReplaced(undefined);
    setError(undefined);
    setPrepared({ saved, code, file });
    saveFile("new-code.csv", file, "text/csv");
  };
  const replace = async ({ saved, code }: Prepared) => {
    setWorking(true);
    setError(undefined);
    try {
      await organizer.replaceMember(round, saved.invitation.address, code.address, reason);
      setReplaced(nameOf(saved));
      setPrepared(undefined);
      setQuery("");
      done();
    } catch (problem) {
      setError(problem);
    }
    setWorking(false);
  };
  return (
    <>
      {replaced !== undefined && (
        <Notice tone="good" title={t("organize.replacing.done", { name: replaced })}>
          <p>{t("organize.replacing.give")}</p>
        </Notice>
      )}
      {!prepared && (
        <>
          <TextField
            path="replacing.query"
            label={t("organize.replacing.query")}
            hint={t("organize.replacing.queryHint", { count: codes.length })}
            value={query}
            change={setQuery}
            more={{ autocomplete: "off", spellcheck: false }}
          />
          <SelectField
            path="replacing.reason"
            label={t("organize.replacing.reason")}
            hint={t("organize.replacing.reasonHint")}
            value={reason}
            change={(chosen) => {
              setReason(chosen as Reason);
            }}
            choices={REASONS.map((one) => [one, t(`organize.replacing.reasons.${one}`)] as const)}
          />
          {query.trim() && (
            <p role="status">{t("organize.replacing.found", { count: found.length })}</p>
          )}
          <ul class="plain">
            {found.slice(0, MOST_SHOWN).map((saved) => (
              <li key={toHex(saved.invitation.address)}>
                <button
                  type="button"
                  onClick={() => {
                    prepare(saved);
                  }}
                >
                  {t("organize.replacing.prepare", { name: nameOf(saved) })}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      {prepared && (
        <Confirm
          prepared={prepared}
          reason={reason}
          working={working}
          confirm={() => void replace(prepared)}
          cancel={() => {
            setPrepared(undefined);
          }}
        />
      )}
      {error !== undefined && <Failure error={error} />}
    </>
  );
}

/** What will happen, and that it is public. */
function Confirm({
  prepared: { saved, file },
  reason,
  working,
  confirm,
  cancel,
}: {
  prepared: Prepared;
  reason: Reason;
  working: boolean;
  confirm: () => void;
  cancel: () => void;
}) {
  const address = checksummed(saved.invitation.address);
  return (
    <Notice tone="warn" title={t("organize.replacing.confirm", { name: nameOf(saved) })}>
      <ul>
        <li>{t("organize.replacing.former")}</li>
        <li>{t("organize.replacing.stays")}</li>
        <li>
          {t("organize.replacing.public", {
            address: short(address),
            reason: t(`organize.replacing.reasons.${reason}`),
          })}
        </li>
        <li>{t("organize.replacing.saved")}</li>
      </ul>
      <p class="actions">
        <button type="button" class="danger" disabled={working} onClick={confirm}>
          {working ? t("organize.funding.working") : t("organize.replacing.now")}
        </button>
        <button
          type="button"
          onClick={() => {
            saveFile("new-code.csv", file, "text/csv");
          }}
        >
          {t("organize.replacing.again")}
        </button>
        <button type="button" disabled={working} onClick={cancel}>
          {t("organize.replacing.cancel")}
        </button>
      </p>
    </Notice>
  );
}

function nameOf({ name, invitation }: SavedCode): string {
  const address = short(checksummed(invitation.address));
  return name ? `${name} (${address})` : address;
}
