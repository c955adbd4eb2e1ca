import { utf8, type Bytes } from "../bytes";

/**
 * Drives Cedar's WebAssembly. The module was made for JavaScript: it takes and gives values, which it turns into JSON text and back
 * by asking its host. Here a value is its JSON text, so that nothing is parsed twice and no number loses its digits. The module gets
 * the six functions below and nothing else.
 */

const HOST = "./cedar_wasm_bg.js";

/** The engine did not come to an end: it trapped, or ran out of memory or stack. Its instance is of no use any more. */
export class EngineFailure extends Error {
  override readonly name = "EngineFailure";
}

export interface CedarModule {
  readonly module: WebAssembly.Module;
  readonly version: string;
}

/** Compiles a module and asks its version. Throws {@link EngineFailure} for another module than this was written for, or where none may be run. */
export async function compileCedar(wasm: Bytes): Promise<CedarModule> {
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(wasm);
  } catch (error) {
    // A browser may have no WebAssembly, or not allow it: then decisions are not recomputed, and all else is verified.
    throw new EngineFailure(error instanceof Error ? error.message : "no WebAssembly");
  }
  const instance = await CedarInstance.create(module);
  return { module, version: instance.version };
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly __wbindgen_externrefs: WebAssembly.Table;
  readonly __wbindgen_malloc: (length: number, alignment: number) => number;
  readonly __wbindgen_start: () => void;
  readonly getCedarVersion: () => readonly [number, number];
}

type Function = (...values: unknown[]) => unknown;

export class CedarInstance {
  readonly #exports: Exports & Readonly<Record<string, Function>>;

  private constructor(exports: WebAssembly.Exports) {
    this.#exports = exports as unknown as Exports & Readonly<Record<string, Function>>;
  }

  static async create(module: WebAssembly.Module): Promise<CedarInstance> {
    let made: CedarInstance | undefined;
    const imports: Record<string, Function> = {};
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      const host = Object.entries(HOSTS).find(([begin]) => name.startsWith(begin));
      if (from !== HOST || kind !== "function" || !host) throw new EngineFailure(`the engine asks its host for ${name}, which is unknown`);
      imports[name] = (...values) => host[1](made!, ...(values as never[]));
    }
    const instance = await WebAssembly.instantiate(module, { [HOST]: imports as WebAssembly.ModuleImports });
    made = new CedarInstance(instance.exports);
    made.#run(() => made!.#exports.__wbindgen_start());
    return made;
  }

  /** The version that the engine gives itself. */
  get version(): string {
    const [at, length] = this.#run(() => this.#exports.getCedarVersion());
    return this.read(at, length);
  }

  /** Calls a function with JSON texts; gives the answer's. A name before it goes as a text of its own. Throws {@link EngineFailure}. */
  call(name: string, json: string, before?: string): string {
    const called = this.#exports[name];
    if (!called) throw new EngineFailure(`the engine has no ${name}`);
    const answer = this.#run(() => (before === undefined ? called(json) : called(...this.write(before), json)));
    if (typeof answer !== "string") throw new EngineFailure("the engine answered with something that is not JSON");
    return answer;
  }

  /** The same with a text alone. */
  callText(name: string, text: string): string {
    const called = this.#exports[name];
    if (!called) throw new EngineFailure(`the engine has no ${name}`);
    const answer = this.#run(() => called(...this.write(text)));
    if (typeof answer !== "string") throw new EngineFailure("the engine answered with something that is not JSON");
    return answer;
  }

  read(at: number, length: number): string {
    return new TextDecoder().decode(new Uint8Array(this.#exports.memory.buffer, at >>> 0, length >>> 0));
  }

  write(text: string): [number, number] {
    const bytes = utf8(text), at = this.#exports.__wbindgen_malloc(bytes.length, 1) >>> 0;
    new Uint8Array(this.#exports.memory.buffer, at, bytes.length).set(bytes);
    return [at, bytes.length];
  }

  /** Writes place and length of a text, or zeros. */
  writePlace(destination: number, text: unknown): void {
    const [at, length] = typeof text === "string" ? this.write(text) : [0, 0];
    const view = new DataView(this.#exports.memory.buffer);
    view.setInt32(destination >>> 0, at, true);
    view.setInt32((destination >>> 0) + 4, length, true);
  }

  /** The first values that the module expects in its table: undefined, null, true, false. */
  fillTable(): void {
    const table = this.#exports.__wbindgen_externrefs, start = table.grow(4);
    table.set(0, undefined);
    [undefined, "null", "true", "false"].forEach((value, i) => table.set(start + i, value));
  }

  #run<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      if (error instanceof EngineFailure) throw error;
      // Traps are RuntimeErrors, an exhausted stack is a RangeError: whatever it is, it came from the module.
      throw new EngineFailure(error instanceof Error ? error.message : "the engine failed");
    }
  }
}

/** What the module asks of its host. The names end in a hash of the binding's version. */
const HOSTS: Readonly<Record<string, (instance: CedarInstance, ...values: never[]) => unknown>> = {
  __wbg_parse_: (instance, at: number, length: number) => instance.read(at, length),
  __wbg_stringify_: (_, value: unknown) => value,
  __wbg___wbindgen_string_get_: (instance, destination: number, value: unknown) => instance.writePlace(destination, value),
  __wbg___wbindgen_is_undefined_: (_, value: unknown) => value === undefined,
  __wbg___wbindgen_throw_: (instance, at: number, length: number) => {
    throw new EngineFailure(instance.read(at, Math.min(length, 512)));
  },
  __wbindgen_init_externref_table: (instance) => instance.fillTable(),
};
