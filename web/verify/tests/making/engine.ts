import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hex, type Bytes } from "../../src/lib/bytes";
import { sha256 } from "../../src/lib/sha256";

/** The policy engine as its package has it: the one whose digest this verifier knows. */
export const ENGINE: Bytes = new Uint8Array(readFileSync(join(import.meta.dirname, "../node_modules/@cedar-policy/cedar-wasm/esm/cedar_wasm_bg.wasm")));
export const ENGINE_DIGEST: string = hex(sha256(ENGINE));
export const ENGINES: ReadonlyMap<string, Bytes> = new Map([[ENGINE_DIGEST, ENGINE]]);
