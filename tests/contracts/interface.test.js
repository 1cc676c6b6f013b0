/** The interface on chain is the one that docs/protocol.md §18 writes down, word for word. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import hre from "hardhat";

/** What the contracts have from a standard, or what nobody but their own project calls. */
const ELSEWHERE = new Set(["eip712Domain", "EIP712DomainChanged"]);

const plain = (text) => text.replace(/\s+/g, "");
const typeOf = ({ type, internalType }) =>
  type.startsWith("tuple") ? internalType.replace(/^struct (\w+\.)?/, "") : type;
const parameters = (list) =>
  list.map((one) => `${typeOf(one)}${one.indexed ? " indexed" : ""} ${one.name}`).join(",");

/** Every struct in a list of parameters, as `Name(type name,…)`. */
function* structs(list) {
  for (const one of list.filter(({ components }) => components)) {
    yield `${typeOf(one).replace(/\[.*$/, "")}(${parameters(one.components)})`;
    yield* structs(one.components);
  }
}

function* statements(abi) {
  for (const { type, name, inputs, outputs = [] } of abi) {
    if (!["function", "event"].includes(type) || ELSEWHERE.has(name)) continue;
    const results = outputs.map((one) => `${typeOf(one)} ${one.name}`).join(",");
    yield `${name}(${parameters(inputs)})${results && ` → ${results}`}`;
    yield* structs([...inputs, ...outputs]);
  }
}

test("every function, event and struct of the contracts", async () => {
  const protocol = await readFile(new URL("../../docs/protocol.md", import.meta.url), "utf8");
  const section = plain(protocol.slice(protocol.indexOf("\n## 18. ")));
  for (const contract of ["PollRegistry", "VotingKeys", "BudgetTreasury", "Disputes"]) {
    const { abi } = await hre.artifacts.readArtifact(contract);
    const found = [...statements(abi)];
    assert.ok(found.length > 2);
    for (const statement of found) {
      assert.ok(section.includes(plain(statement)), `${contract}: ${statement}`);
    }
  }
});
