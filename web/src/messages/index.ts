/**
 * Messages in the language in use; one catalogue of each audience and language.
 *
 * Only the catalogues of the language in use are loaded. Those of the page about voting, of proposals,
 * of results, of who follows something, and of organizers are loaded with their parts of the client
 * only.
 */

import type {
  AboutMessages,
  FollowMessages,
  OrganizerMessages,
  ProposalsMessages,
  ResultsMessages,
  VoterMessages,
} from "./ids.ts";
import { isLanguage, type Language, language, LANGUAGES, setLocale } from "./locale.ts";

export * from "./format.ts";
export { type Language, LANGUAGES };

type Catalogue = Readonly<Record<string, string | ((values: object) => string)>>;
type Loaders = Readonly<Record<Language, () => Promise<{ default: Catalogue }>>>;

const CATALOGUES = {
  voter: {
    en: () => import("./voter/en.po"),
    de: () => import("./voter/de.po"),
    es: () => import("./voter/es.po"),
    pl: () => import("./voter/pl.po"),
  },
  about: {
    en: () => import("./about/en.po"),
    de: () => import("./about/de.po"),
    es: () => import("./about/es.po"),
    pl: () => import("./about/pl.po"),
  },
  proposals: {
    en: () => import("./proposals/en.po"),
    de: () => import("./proposals/de.po"),
    es: () => import("./proposals/es.po"),
    pl: () => import("./proposals/pl.po"),
  },
  results: {
    en: () => import("./results/en.po"),
    de: () => import("./results/de.po"),
    es: () => import("./results/es.po"),
    pl: () => import("./results/pl.po"),
  },
  follow: {
    en: () => import("./follow/en.po"),
    de: () => import("./follow/de.po"),
    es: () => import("./follow/es.po"),
    pl: () => import("./follow/pl.po"),
  },
  organizer: {
    en: () => import("./organizer/en.po"),
    de: () => import("./organizer/de.po"),
    es: () => import("./organizer/es.po"),
    pl: () => import("./organizer/pl.po"),
  },
} as const satisfies Record<string, Loaders>;

export type Audience = keyof typeof CATALOGUES;

/** Arguments of a message after its id: none, or its values. */
export type Values<Messages, Id extends keyof Messages> = Messages[Id] extends undefined
  ? []
  : [values: Messages[Id]];

/** Audiences whose messages are needed so far. */
const audiences = new Set<Audience>(["voter"]);
let messages: Catalogue = {};
/** The language that was chosen last, whose messages may still be on their way. */
let asked: Language = "en";

const STORED = "ostraka/language";

/**
 * The initial language: the one chosen on this device, or the first that the browser prefers.
 *
 * @param store Undefined if the browser stores nothing.
 */
export function preferredLanguage(store: Pick<Storage, "getItem"> | undefined): Language {
  const tags = [store?.getItem(STORED) ?? "", ...navigator.languages];
  return tags.map((tag) => tag.slice(0, 2)).find(isLanguage) ?? "en";
}

/** Remember a language for the next visit. */
export function storeLanguage(store: Pick<Storage, "setItem">, chosen: Language): void {
  store.setItem(STORED, chosen);
}

/** The language in use. */
export function currentLanguage(): Language {
  return language;
}

/** Load a language's messages and use them from now on. */
export function setLanguage(chosen: Language): Promise<void> {
  asked = chosen;
  return change(() => load(chosen));
}

/** Load another audience's messages too, now and whenever the language changes. */
export function addAudience(audience: Audience): Promise<void> {
  // Do not wait for the other catalogues before asking for this one.
  CATALOGUES[audience][asked]().catch(() => undefined);
  return change(async () => {
    if (audiences.has(audience)) return;
    await load(language, audience);
    audiences.add(audience);
  });
}

async function load(chosen: Language, ...more: Audience[]): Promise<void> {
  const wanted = [...audiences, ...more];
  const loaded = await Promise.all(wanted.map((name) => CATALOGUES[name][chosen]()));
  setLocale(chosen);
  messages = Object.assign({}, ...loaded.map((module) => module.default)) as Catalogue;
}

/** The last change. Each change waits for the previous one, so that the last wins. */
let changed: Promise<void> = Promise.resolve();

function change(next: () => Promise<void>): Promise<void> {
  // A failed change is reported to its own caller.
  changed = changed.catch(() => undefined).then(next);
  return changed;
}

/** A message for voters, which every page may show. */
export function t<Id extends keyof VoterMessages>(
  id: Id,
  ...values: Values<VoterMessages, Id>
): string {
  return message(id, values[0]);
}

/** Any message that is loaded; pages use a typed `t`. */
export function message(
  id: keyof (VoterMessages &
    ProposalsMessages &
    ResultsMessages &
    AboutMessages &
    FollowMessages &
    OrganizerMessages),
  values?: object,
): string {
  const found = messages[id]!;
  return typeof found === "string" ? found : found(values!);
}

/** The message of an id that is only known at run time; undefined if there is none. */
export function messageIfAny(id: string, values: object = {}): string | undefined {
  const found = Object.hasOwn(messages, id) ? messages[id] : undefined;
  return typeof found === "function" ? found(values) : found;
}
