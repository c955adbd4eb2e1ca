import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../src/lib/bytes";
import { readProof, readTrustLine } from "../src/lib/lines";

const trust = (more: Partial<Record<"statement" | "records" | "bodies" | "siblings", string>>): ReturnType<typeof readTrustLine> =>
  readTrustLine(utf8(`{"index":1,"statement":${more.statement ?? '"AA=="'},"records":${more.records ?? '"all"'},"bodies":${more.bodies ?? "[]"},"siblings":${more.siblings ?? "[]"},"path":[]}`));

test("Line_of_trust_changes_is_read_in_its_one_form_alone", () => {
  assert.deepEqual(trust({ records: "[1,3]", bodies: '["e30=","e30="]' }), {
    index: 1n, statement: utf8("\0"), positions: [1, 3], bodies: [utf8("{}"), utf8("{}")], siblings: [], path: [],
  });
  assert.equal(trust({})?.positions, undefined);
  assert.deepEqual(trust({ records: "[]" })?.positions, []);
  for (const records of ["[2,1]", "[1,1]", "[,1]", "[1,]", "[01]", '"most"', "[1, 2]"]) assert.equal(trust({ records }), undefined, records);
  for (const bodies of ["[e30=]", '["e30"]', '["e30=",]', '[,"e30="]', '["e30=""e30="]', '["]', '["e30=" ]']) assert.equal(trust({ bodies }), undefined, bodies);
  assert.equal(trust({ siblings: '["e30="]' }), undefined);
  assert.equal(trust({ statement: "7" }), undefined);
});

test("Line_of_millions_of_items_is_judged_without_exhausting_the_stack", () => {
  const many = 2_500_000;
  assert.equal(trust({ bodies: `[""${',""'.repeat(many)}]` })?.bodies.length, many + 1);
  assert.equal(trust({ records: `[1${",1".repeat(many)}]` }), undefined);
  assert.equal(readProof(utf8(`{"index":1,"records":"all","siblings":[""${',""'.repeat(many)}],"path":[],"hints":""}`)), undefined);
  assert.equal(readProof(utf8(`{"index":1,"records":"all","siblings":[],"path":[],"hints":"${"00".repeat(many)}"}`))?.hints.length, 2 * many);
});
