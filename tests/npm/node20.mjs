// The conformance package (0.1.16) imports fs.globSync, which Node.js has from version 22 on. Its server scenarios do not
// call it: on Node.js 20 this stands in for it, and throws if they ever do.
//   node --import ./node20.mjs node_modules/@modelcontextprotocol/conformance/dist/index.js server --url URL
import { register } from 'node:module';

const hooks = `
export async function resolve(specifier, context, next) {
  return specifier === 'fs' && context.parentURL?.includes('/@modelcontextprotocol/conformance/')
    ? { url: 'cairn:fs', shortCircuit: true }
    : next(specifier, context);
}
export async function load(url, context, next) {
  return url === 'cairn:fs'
    ? { format: 'module', shortCircuit: true, source: "export * from 'node:fs'; export const globSync = () => { throw new Error('fs.globSync needs Node.js 22'); };" }
    : next(url, context);
}`;
register('data:text/javascript,' + encodeURIComponent(hooks));
