/** A set of record ids, 16 bytes each, so that millions fit into memory (docs/spec/verification.md §8). */
export class IdSet {
  #table = new Uint32Array(4 * 1024);
  #count = 0;

  /** Adds an id (a UUID's 36 characters, lower case); false when it is there already. No UUID of version 7 is all zero. */
  add(id: string): boolean {
    const part = (from: number, to: number): number => parseInt(id.slice(from, to), 16) >>> 0;
    const a = part(0, 8), b = parseInt(id.slice(9, 13) + id.slice(14, 18), 16) >>> 0;
    const c = parseInt(id.slice(19, 23) + id.slice(24, 28), 16) >>> 0, d = part(28, 36);
    if (2 * this.#count >= this.#table.length / 4) this.#grow();
    if (!insert(this.#table, a, b, c, d)) return false;
    this.#count++;
    return true;
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Uint32Array(2 * old.length);
    for (let i = 0; i < old.length; i += 4) if (old[i] || old[i + 1] || old[i + 2] || old[i + 3]) insert(this.#table, old[i]!, old[i + 1]!, old[i + 2]!, old[i + 3]!);
  }
}

function insert(table: Uint32Array, a: number, b: number, c: number, d: number): boolean {
  const mask = table.length / 4 - 1;
  let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f);
  hash ^= hash >>> 15;
  for (let at = hash & mask; ; at = (at + 1) & mask) {
    const i = 4 * at;
    if (!(table[i] || table[i + 1] || table[i + 2] || table[i + 3])) {
      table[i] = a;
      table[i + 1] = b;
      table[i + 2] = c;
      table[i + 3] = d;
      return true;
    }
    if (table[i] === a && table[i + 1] === b && table[i + 2] === c && table[i + 3] === d) return false;
  }
}
