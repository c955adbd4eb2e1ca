// An agent without a mind: the npm SDK's client makes the same calls of whatever server its arguments name, and prints what
// it is answered. node replay-client.mjs COMMAND ARGUMENT…
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: 'replay-client', version: '1.0.0' });
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' }));
console.log(JSON.stringify(client.getServerVersion()), JSON.stringify(client.getServerCapabilities()));
console.log(JSON.stringify((await client.listTools()).tools));
for (const [name, given] of [
  ['echo', { message: 'one' }],
  ['get-sum', { a: 1, b: 2 }],
  ['echo', { message: 'two' }],
  ['echo', { message: 'one' }],
  ['get-tiny-image', {}],
]) {
  console.log(JSON.stringify(await client.callTool({ name, arguments: given })));
}
console.log(JSON.stringify(await client.getPrompt({ name: 'simple-prompt' })));
await client.close();
