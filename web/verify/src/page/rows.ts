import type { Assurance } from "../lib/trail";

/**
 * The trail in columns, as it crosses from the worker: a few large pieces, since a page that takes a million texts one by one
 * stands still meanwhile. Line n of records.jsonl is row n.
 */
export interface RowColumns {
  readonly count: number;
  readonly id: Texts;
  readonly time: Texts;
  readonly span: Texts;
  readonly parent: Texts;
  readonly kind: Table;
  readonly actor: Table;
  readonly stream: Table;
  readonly assurance: Table;
  /** The rows by time, as it was said; records of one time stay in the ledger's order. */
  readonly order: Uint32Array;
}

/** Texts one after another, and where each ends. */
interface Texts {
  readonly all: string;
  readonly ends: Uint32Array;
}

/** Texts that come often, each once, and for each row the number of its own. */
export interface Table {
  readonly texts: readonly string[];
  readonly numbers: Uint32Array;
}

/** What a row shows of a record. */
export interface Row {
  readonly id: string;
  readonly time: string;
  readonly span: string;
  readonly parent: string;
  readonly kind: string;
  readonly actor: string;
  readonly stream: string;
  readonly assurance: Assurance;
}

class TextsBuilder {
  readonly #texts: string[] = [];

  add(text: string): void {
    this.#texts.push(text);
  }

  /** Row numbers by their texts. */
  order(): Uint32Array {
    const texts = this.#texts;
    return Uint32Array.from(texts, (_, i) => i).sort((a, b) => (texts[a]! < texts[b]! ? -1 : texts[a]! > texts[b]! ? 1 : a - b));
  }

  finish(): Texts {
    let end = 0;
    return { ends: Uint32Array.from(this.#texts, (text) => (end += text.length)), all: this.#texts.join("") };
  }
}

class TableBuilder {
  readonly #known = new Map<string, number>();
  readonly #numbers: number[] = [];

  add(text: string): void {
    let number = this.#known.get(text);
    if (number === undefined) this.#known.set(text, (number = this.#known.size));
    this.#numbers.push(number);
  }

  finish(): Table {
    return { texts: [...this.#known.keys()], numbers: Uint32Array.from(this.#numbers) };
  }
}

/** Takes rows, in the worker. */
export class RowsBuilder {
  readonly #id = new TextsBuilder();
  readonly #time = new TextsBuilder();
  readonly #span = new TextsBuilder();
  readonly #parent = new TextsBuilder();
  readonly #kind = new TableBuilder();
  readonly #actor = new TableBuilder();
  readonly #stream = new TableBuilder();
  readonly #assurance = new TableBuilder();
  #count = 0;

  add(row: Row): void {
    this.#count++;
    this.#id.add(row.id);
    this.#time.add(row.time);
    this.#span.add(row.span);
    this.#parent.add(row.parent);
    this.#kind.add(row.kind);
    this.#actor.add(row.actor);
    this.#stream.add(row.stream);
    this.#assurance.add(row.assurance);
  }

  finish(): RowColumns {
    return {
      count: this.#count, order: this.#time.order(), id: this.#id.finish(), time: this.#time.finish(), span: this.#span.finish(), parent: this.#parent.finish(),
      kind: this.#kind.finish(), actor: this.#actor.finish(), stream: this.#stream.finish(), assurance: this.#assurance.finish(),
    };
  }
}

const textOf = ({ all, ends }: Texts, row: number): string => all.slice(row === 0 ? 0 : ends[row - 1], ends[row]);
const entryOf = ({ texts, numbers }: Table, row: number): string => texts[numbers[row]!]!;

/** The rows as the page reads them. */
export class Rows {
  readonly columns: RowColumns;

  constructor(columns: RowColumns) {
    this.columns = columns;
  }

  get count(): number {
    return this.columns.count;
  }

  id(row: number): string {
    return textOf(this.columns.id, row);
  }

  time(row: number): string {
    return textOf(this.columns.time, row);
  }

  span(row: number): string {
    return textOf(this.columns.span, row);
  }

  parent(row: number): string {
    return textOf(this.columns.parent, row);
  }

  kind(row: number): string {
    return entryOf(this.columns.kind, row);
  }

  actor(row: number): string {
    return entryOf(this.columns.actor, row);
  }

  assurance(row: number): string {
    return entryOf(this.columns.assurance, row);
  }

  /** The rows, by time, in which a text stands; all for none. */
  find(wanted: string): Uint32Array {
    const { order, kind, actor, stream } = this.columns;
    if (wanted === "") return order;
    const tables = [kind, actor, stream].map(({ texts, numbers }) => ({ numbers, fits: texts.map((text) => text.toLowerCase().includes(wanted)) }));
    return order.filter((row) => tables.some(({ numbers, fits }) => fits[numbers[row]!]) || this.id(row).includes(wanted) || this.time(row).toLowerCase().includes(wanted));
  }
}
