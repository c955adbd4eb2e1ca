import type { Report } from "../lib/report";
import { element } from "./dom";
import type { Rows } from "./rows";

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
  const { texts, numbers } = rows.columns.stream;
  const parts: Part[] = [], owner = new Map<string, Part | undefined>();
  for (let i = 0; i < rows.count; i++) {
    const number = numbers[i]!, stream = texts[number]!, kind = rows.kind(i), emitter = emitters.get(stream);
    const part = (parts[number] ??= { stream, actor: rows.actor(i), issuer: emitter?.issuer ?? "", role: emitter?.role ?? "unknown", records: 0, actions: 0, parent: "", children: [] });
    part.records++;
    if (kind === "action.requested") part.actions++;
    if (kind === "task.started" && part.parent === "") owner.set((part.parent = rows.parent(i)), undefined);
  }
  // Of all spans only those under which a stream started are looked for.
  owner.delete("");
  for (let i = 0; i < rows.count; i++) {
    const span = rows.span(i);
    if (owner.has(span) && !owner.get(span)) owner.set(span, parts[numbers[i]!]);
  }
  const roots: Part[] = [];
  for (const part of parts) {
    const holder = owner.get(part.parent);
    (holder && holder !== part && !isBelow(holder, part) ? holder.children : roots).push(part);
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
