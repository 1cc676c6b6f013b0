/** Messages: complete in each language; problems, states and assumptions are translated. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, beforeEach, describe, expect, test } from "vitest";

import {
  AUDIENCES,
  checkTranslation,
  compiled,
  LANGUAGES as CATALOGUES,
  readCatalogue,
  typesOf,
  valuesOf,
} from "../../web/catalogues.ts";
import {
  addAudience,
  currentLanguage,
  LANGUAGES,
  type Language,
  messageIfAny,
  preferredLanguage,
  setLanguage,
  storeLanguage,
  t,
} from "../../web/src/messages/index.ts";
import { assumptionText } from "../../web/src/messages/assumptions.ts";
import { planProblem, problemText, status } from "../../web/src/messages/server_texts.ts";
import type { Assumption } from "../../web/src/protocol/checks/assumption.ts";
import { problem } from "../../web/src/client/problem.ts";
import { Refusal } from "../../web/src/client/gateway.ts";
import { explain } from "../../web/src/view/resource.tsx";

const SOURCES = join(import.meta.dirname, "../../web/src");

function catalogue(audience: string, language: string): Map<string, string> {
  const file = join(SOURCES, "messages", audience, `${language}.po`);
  return readCatalogue(readFileSync(file, "utf8"));
}

beforeEach(async () => {
  await setLanguage("en");
});

describe("catalogues", () => {
  test("exist for every language that can be chosen", () => {
    expect([...CATALOGUES].sort()).toEqual(Object.keys(LANGUAGES).sort());
    for (const audience of AUDIENCES) {
      const files = readdirSync(join(SOURCES, "messages", audience)).sort();
      expect(files).toEqual([...CATALOGUES].map((language) => `${language}.po`).sort());
    }
  });

  const translations = AUDIENCES.flatMap((audience) =>
    CATALOGUES.map((language) => [audience, language] as const),
  );

  test.each(translations)(
    "%s/%s.po has the messages and values of English",
    (audience, language) => {
      checkTranslation(catalogue(audience, "en"), catalogue(audience, language), language);
    },
  );

  test.each(translations.filter(([, language]) => language !== "en"))(
    "%s/%s.po leaves no sentence in English",
    (audience, language) => {
      const own = catalogue(audience, language);
      const same = [...catalogue(audience, "en")].filter(([id, text]) => {
        return own.get(id) === text && / \p{L}.* /u.test(text.replaceAll(/\{[^}]*\}/g, "–"));
      });
      expect(same.map(([id]) => id)).toEqual([]);
    },
  );

  test("have no unused message", () => {
    const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" });
    const code = files
      .filter((file) => /\.tsx?$/.test(file) && !file.endsWith("ids.ts"))
      .map((file) => readFileSync(join(SOURCES, file), "utf8"))
      .join("\n");
    // An id with a part that is known only at run time: `statuses.${name}`.
    const patterns = [...code.matchAll(/`([a-z][A-Za-z]*(?:\.[^`\s]*)?\$\{[^`]*)`/g)].map(
      ([, id]) => {
        const parts = id!.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[.]/g, "\\."));
        return new RegExp(`^${parts.join("[^.]+")}$`);
      },
    );
    const unused = AUDIENCES.flatMap((audience) => [...catalogue(audience, "en").keys()]).filter(
      (id) => !code.includes(`"${id}"`) && !patterns.some((pattern) => pattern.test(id)),
    );
    expect(unused).toEqual([]);
  });
});

describe("a catalogue is refused", () => {
  const english = new Map([
    ["greeting", "Hello {name}"],
    ["votes", "{count, plural, one {# vote} other {# votes}}"],
  ]);
  const polish = "{count, plural, one {# głos} few {# głosy} many {# głosów} other {# głosu}}";

  test("never when it is complete", () => {
    const whole = [
      ["greeting", "Witaj, {name}"],
      ["votes", polish],
    ] as const;
    checkTranslation(english, new Map(whole), "pl");
  });

  test.each([
    ["without a message", [["greeting", "Witaj, {name}"]], "votes: is missing"],
    ["with an unknown message", [["other", "inne"]], "other: is unknown"],
    [
      "without a value",
      [["greeting", "Witaj"]],
      "greeting: takes (), but in English (name: string)",
    ],
    ["with an unknown value", [["greeting", "Witaj, {nmae}"]], "greeting: takes (nmae: string)"],
    [
      "with a number as text",
      [["votes", "{count} głosów"]],
      "votes: takes (count: string), but in English (count: number)",
    ],
    [
      "without a plural form",
      [["votes", "{count, plural, one {# głos} other {# głosów}}"]],
      "votes: plural: has one, other; pl needs one, few, many, other",
    ],
    [
      "with a form of another language",
      [["votes", polish.replace("few", "two")]],
      "votes: plural: has",
    ],
    ["with a message that does not end", [["greeting", "Witaj, {name"]], "greeting: "],
    [
      "with another format",
      [["greeting", "Witaj, {name, date}"]],
      "greeting: date: is not supported",
    ],
  ] as const)("%s", (_, texts, reason) => {
    const all = new Map<string, string>([
      ["greeting", "Witaj, {name}"],
      ["votes", polish],
      ...texts,
    ]);
    if (reason === "votes: is missing") all.delete("votes");
    expect(() => {
      checkTranslation(english, all, "pl");
    }).toThrow(reason);
  });

  test.each([
    ["twice", 'msgid "a"\nmsgstr "x"\n\nmsgid "a"\nmsgstr "y"\n', "a: occurs twice"],
    ["empty", 'msgid "a"\nmsgstr ""\n', "a: has no text"],
    ["blank", 'msgid "a"\nmsgstr " "\n', "a: has no text"],
    ["unsure", '#, fuzzy\nmsgid "a"\nmsgstr "x"\n', "a: is marked as fuzzy"],
  ])("with a message %s", (_, content, reason) => {
    expect(() => readCatalogue(content)).toThrow(reason);
  });

  test("but not for an obsolete message, which is left out", () => {
    const obsolete = '#~ msgid "b"\n#~ msgstr "y"\n';
    const texts = readCatalogue(`msgid "a"\nmsgstr "x"\n\n${obsolete}\nmsgid "c"\nmsgstr "z"\n`);
    expect([...texts.keys()]).toEqual(["a", "c"]);
  });
});

describe("messages", () => {
  test("have the types of the English texts", () => {
    const types = typesOf({
      voter: new Map([["a.b", "{n, plural, one {#} other {#}} {x} {y, number}"]]),
    });
    expect(types).toContain("export interface VoterMessages {");
    expect(types).toContain('"a.b": { n: number | bigint; x: string; y: number | bigint };');
    expect(valuesOf("plain", "en")).toEqual(new Map());
  });

  test("insert values unchanged", () => {
    // A title that looks like a placeholder, an escape or markup is not changed.
    for (const name of ["{count}", "\\u0041", "#", "'{'", "<b>", "$&"]) {
      expect(t("propose.edit", { title: name })).toBe(`Edit ${name}`);
    }
  });

  test("write numbers exactly", () => {
    const weight = 12_345_678_901_234_567_890n;
    const text = t("round.electorate.list", { count: 1234, weight });
    expect(text).toContain("1,234 voters with a total weight of 12,345,678,901,234,567,890.");
  });

  test.each([
    ["en", 1, "1 receipt received"],
    ["en", 2n, "2 receipts received"],
    ["de", 0, "0 Quittungen erhalten"],
    ["de", 1n, "1 Quittung erhalten"],
    ["es", 1, "1 recibo recibido"],
    ["es", 3, "3 recibos recibidos"],
    ["es", 2_000_000, "de recibos recibidos"],
    ["pl", 1, "Otrzymano 1 pokwitowanie"],
    ["pl", 3, "Otrzymano 3 pokwitowania"],
    ["pl", 5n, "Otrzymano 5 pokwitowań"],
    ["pl", 22, "Otrzymano 22 pokwitowania"],
    ["pl", 112, "Otrzymano 112 pokwitowań"],
  ] as const)("have the plurals of %s: %s", async (language, receipts, text) => {
    await setLanguage(language);
    expect(t("cast.unrecordedText", { receipts, quorum: 3 })).toContain(text);
  });

  test("of the organizer are loaded on demand", async () => {
    expect(messageIfAny("organize.lead")).toBeUndefined();
    await addAudience("organizer");
    expect(messageIfAny("organize.lead")).toMatch(/^Create rounds/);
    await setLanguage("de");
    expect(messageIfAny("organize.lead")).toMatch(/^Legen Sie Runden/);
  });

  test("are those of the last chosen language, in any order of loading", async () => {
    const chosen: Language[] = ["de", "pl", "es"];
    await Promise.all(chosen.map(setLanguage));
    expect(currentLanguage()).toBe("es");
    expect(t("retry")).toBe("Intentar de nuevo");
  });

  test("compile to a module that imports only the runtime", () => {
    const code = compiled(new Map([["a", "{n, plural, one {#} other {#}}"]]), "en");
    const names = [...code.matchAll(/from "([^"]+)"/g)].map(([, name]) => name);
    expect(names).toEqual(["../runtime.ts", "@messageformat/runtime/lib/cardinals"]);
    expect(code).not.toMatch(/\beval\b|new Function/);
  });
});

test("the language is the stored one or the browser's first known one", () => {
  const kept = new Map<string, string>();
  const store = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
  };
  expect(preferredLanguage(store)).toBe("en");
  storeLanguage(store, "pl");
  expect(preferredLanguage(store)).toBe("pl");
  kept.set("ostraka/language", "xx");
  expect(preferredLanguage(store)).toBe("en");
});

test("a state has a translated name, or the server's", () => {
  expect(status("anchored")).toBe("closed; dispute period open");
  expect(status("constructor")).toBe("constructor");
});

const problemOf = (code: string, more: object = {}) =>
  problem({ type: `urn:ostraka:problem:${code}`, title: "A title", ...more }, "problem");

test.each([
  [problemOf("too-many-versions"), "you have already changed your vote as often as allowed"],
  [problemOf("check-failed", { detail: "cast_at: late" }), "a check failed (cast_at: late)"],
  [problemOf("of-a-later-version", { detail: "as it is" }), "A title: as it is"],
  [problem({ title: "No", status: 403 }, "problem"), "No"],
  [problem({ type: "https://else.example/poll-closed", status: 502 }, "p"), "HTTP status 502"],
])("a problem has the text of its code, or its title and detail: %j", (given, text) => {
  expect(problemText(given)).toBe(text);
});

test("a waiting plan names its nodes", () => {
  const nodes = [
    {
      node: 1,
      announces_different_keys: false,
      waits_for: [
        { node: 2, stage: "key" },
        { node: 3, stage: "of a later version" },
      ],
    },
    {
      node: 2,
      announces_different_keys: false,
      problem: { type: "urn:ostraka:problem:node-silent", title: "…", status: 504, detail: "…" },
    },
    { node: 3, announces_different_keys: true, waits_for: [] },
  ];
  expect(planProblem(problemOf("poll-not-ready", { nodes }))).toBe(
    "not every node serves the poll yet; node 1 is waiting for node 2 (its key), 3 (of a later version); " +
      "node 2 failed: not responding; " +
      "node 3 is not ready; node 3 announces different poll keys to different nodes",
  );
});

const CONTRACT = `0x${"ab".repeat(20)}`;

const ASSUMPTIONS: readonly (readonly [Assumption, string | RegExp])[] = [
  [
    { code: "invitations", values: { all: 20, used: 7 } },
    /^each of 20 invitations \(7 used\) went to a different person; /,
  ],
  [{ code: "list", values: { voters: 1200 } }, "the organizer’s list of 1,200 voters is correct"],
  [
    { code: "members", values: { contract: CONTRACT } },
    `the owner of the registry ${CONTRACT} listed its members correctly`,
  ],
  [
    { code: "contract", values: { contract: CONTRACT } },
    /^the contract 0x(?:ab){20}, whose code .* reports truthfully/,
  ],
  [{ code: "others", values: {} }, "the funders expected voters who are not members of the round"],
  [
    { code: "disputes", values: { contract: CONTRACT } },
    `the contract ${CONTRACT} rejects only false roots`,
  ],
  [
    { code: "maker", values: { contract: CONTRACT } },
    /^the contract 0x(?:ab){20}, which created the poll, pays nothing/,
  ],
  [
    { code: "treasury", values: { contract: CONTRACT } },
    /^the treasury 0x(?:ab){20} was created with empty accounts/,
  ],
];

describe("assumptions of an audit", () => {
  beforeAll(() => addAudience("results"));

  test.each(ASSUMPTIONS)("$code is stated with its values", (assumption, text) => {
    expect(assumptionText(assumption)).toMatch(text);
  });

  test.each(["de", "es", "pl"] as const)("are stated in %s", async (language) => {
    const english = ASSUMPTIONS.map(([assumption]) => assumptionText(assumption));
    await setLanguage(language);
    ASSUMPTIONS.forEach(([assumption], place) => {
      const text = assumptionText(assumption);
      expect(text).not.toBe(english[place]);
      for (const value of Object.values(assumption.values)) {
        if (typeof value === "string") expect(text).toContain(value);
      }
    });
  });
});

describe("a refusal is explained by its code, whatever its status", () => {
  const refused = (code: string, status: number) => {
    const type = `urn:ostraka:problem:${code}`;
    return new Refusal(problem({ type, title: "A title", status, detail: "a detail" }, "answer"));
  };

  test.each([
    ["no-such-poll", 404, "Das war nicht möglich: diese Abstimmung gibt es nicht."],
    ["board-unavailable", 503, "Das war nicht möglich: kein Knoten "],
    ["poll-secret-lost", 409, "Das war nicht möglich: der Knoten hat seinen geheimen Schlüssel"],
    ["of-a-later-version", 409, "Das war nicht möglich: A title: a detail."],
  ])("%s", async (code, status, text) => {
    await setLanguage("de");
    expect(explain(refused(code, status))).toContain(text);
  });
});
