import { fromUtf8, Malformed } from "../bytes";

/**
 * JSON as decisions need it: numbers keep their digits, names come once, texts are Unicode, nothing is nested deeper than 64.
 * What `JSON.parse` makes of 1.0 and of 2^60 would be another question to the policy engine.
 */

/** A number as it was written. */
export class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The value of a whole number without fraction and exponent; undefined for any other. */
  get whole(): bigint | undefined {
    return /^-?\d+$/.test(this.text) ? BigInt(this.text) : undefined;
  }
}

export type Json = null | boolean | string | Digits | readonly Json[] | ReadonlyMap<string, Json>;

export const isObject = (value: Json | undefined): value is ReadonlyMap<string, Json> => value instanceof Map;
export const isArray = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

const DEPTH = 64;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// A long text is taken in pieces: an expression that repeats a group costs stack.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** Reads one value. Throws {@link Malformed}. */
export function parseJson(bytes: Uint8Array): Json {
  const text = fromUtf8(bytes);
  if (text === undefined) throw new Malformed("not JSON: bytes that are not UTF-8");
  return new Parser(text).whole();
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Json {
    const value = this.#value(1);
    this.#spaces();
    if (this.#at < this.#text.length) this.#fail("the end");
    return value;
  }

  #fail(expected: string): never {
    throw new Malformed(`not JSON: expected ${expected} at ${this.#at}`);
  }

  #spaces(): void {
    for (let code; (code = this.#text.charCodeAt(this.#at)) === 0x20 || code === 0x0a || code === 0x0d || code === 0x09; ) this.#at++;
  }

  #take(what: string): boolean {
    this.#spaces();
    if (!this.#text.startsWith(what, this.#at)) return false;
    this.#at += what.length;
    return true;
  }

  #value(depth: number): Json {
    if (this.#take("{")) return this.#object(depth);
    if (this.#take("[")) return this.#array(depth);
    if (this.#take('"')) return this.#string();
    if (this.#take("true")) return true;
    if (this.#take("false")) return false;
    if (this.#take("null")) return null;
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text) ?? this.#fail("a value");
    this.#at = NUMBER.lastIndex;
    return new Digits(match[0]);
  }

  #object(depth: number): Json {
    if (depth > DEPTH) this.#fail(`at most ${DEPTH} levels`);
    const members = new Map<string, Json>();
    if (this.#take("}")) return members;
    do {
      if (!this.#take('"')) this.#fail("a name");
      const name = this.#string();
      if (members.has(name)) this.#fail("each name once");
      if (!this.#take(":")) this.#fail("a colon");
      members.set(name, this.#value(depth + 1));
    } while (this.#take(","));
    return this.#take("}") ? members : this.#fail("the object's end");
  }

  #array(depth: number): Json {
    if (depth > DEPTH) this.#fail(`at most ${DEPTH} levels`);
    const items: Json[] = [];
    if (this.#take("]")) return items;
    do items.push(this.#value(depth + 1));
    while (this.#take(","));
    return this.#take("]") ? items : this.#fail("the array's end");
  }

  #string(): string {
    let value = "";
    for (;;) {
      PLAIN.lastIndex = this.#at;
      value += PLAIN.exec(this.#text)![0];
      this.#at = PLAIN.lastIndex;
      const next = this.#text[this.#at++];
      if (next === '"') break;
      if (next !== "\\") this.#fail("a text's end");
      const escape = this.#text[this.#at++] ?? this.#fail("an escape");
      const hex = this.#text.slice(this.#at, this.#at + 4);
      if (escape === "u" && /^[0-9a-fA-F]{4}$/.test(hex)) {
        value += String.fromCharCode(parseInt(hex, 16));
        this.#at += 4;
      } else {
        value += ESCAPES[escape] ?? this.#fail("an escape");
      }
    }
    return /\p{Surrogate}/u.test(value) ? this.#fail("a text of Unicode") : value;
  }
}

/** What a value is written as: no white space, numbers as they were. */
export function writeJson(value: Json): string {
  if (value instanceof Digits) return value.text;
  if (isArray(value)) return `[${value.map(writeJson).join(",")}]`;
  if (isObject(value)) return `{${[...value].map(([name, one]) => `${JSON.stringify(name)}:${writeJson(one)}`).join(",")}}`;
  return JSON.stringify(value);
}

/** An object of these members, without those that are undefined. */
export function objectOf(members: Readonly<Record<string, Json | undefined>>): ReadonlyMap<string, Json> {
  return new Map(Object.entries(members).filter((member): member is [string, Json] => member[1] !== undefined));
}
