import type { Report } from "../lib/report";
import { element } from "./dom";
import type { Rows } from "./session";

/** One stream's part of the trail, and those that were begun under it. */
interface Part {
  readonly stream: string;
  readonly actor: string;
  readonly issuer: string;
  readonly role: string;
  records: number;
  actions: number;
  parent: string;
  readonly children: Part[];
}

/** The delegation tree: each stream hangs below the one that holds the span under which it started. */
export function delegationTree(rows: Rows, report: Report): HTMLElement {
  const emitters = new Map(report.emitters.map((one) => [one.stream, one]));
  const parts = new Map<string, Part>(), owner = new Map<string, string>();
  for (let i = 0; i < rows.count; i++) {
    const stream = rows.stream[i]!, span = rows.span[i]!;
    let part = parts.get(stream);
    if (!part) {
      const emitter = emitters.get(stream);
      part = { stream, actor: rows.actor[i]!, issuer: emitter?.issuer ?? "", role: emitter?.role ?? "unknown", records: 0, actions: 0, parent: "", children: [] };
      parts.set(stream, part);
    }
    part.records++;
    if (rows.kind[i] === "action.requested") part.actions++;
    if (rows.kind[i] === "task.started" && part.parent === "") part.parent = rows.parent[i]!;
    if (span !== "" && !owner.has(span)) owner.set(span, stream);
  }
  const roots: Part[] = [];
  for (const part of parts.values()) {
    const above = owner.get(part.parent);
    const holder = above === undefined || above === part.stream ? undefined : parts.get(above);
    (holder && !isBelow(holder, part) ? holder.children : roots).push(part);
  }
  return element("ul", { class: "tree" }, ...roots.map(branch));
}

/** Whether `part` is `top` or hangs below it: hostile spans could name each other in a ring. */
function isBelow(part: Part, top: Part): boolean {
  const waiting = [top];
  for (let one; (one = waiting.pop()); ) {
    if (one === part) return true;
    waiting.push(...one.children);
  }
  return false;
}

function branch(part: Part): HTMLElement {
  return element(
    "li", {},
    element("strong", {}, part.actor || "unreadable"), " ",
    element("span", { class: "quiet" }, `said by ${part.issuer} (${part.role}); ${part.records} records, ${part.actions} actions; stream ${part.stream.slice(0, 8)}…`),
    part.children.length > 0 ? element("ul", {}, ...part.children.map(branch)) : undefined,
  );
}
