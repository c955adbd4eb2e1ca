/**
 * The engines that this verifier knows, by SHA-256 of their code. Others are not run, whoever names them: WebAssembly from a bundle is
 * somebody else's program until its digest says that it is one of these.
 */
export const ENGINES: ReadonlyMap<string, string> = new Map([
  ["9ed10461f45bceabbe2c364330500378b71f641b28f7c2a1f6e033c9be2f1d9a", "cedar 4.13.0 (@cedar-policy/cedar-wasm)"],
]);
