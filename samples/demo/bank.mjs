// A small bank as an MCP server over stdio: the demo's system of record. It pays an invoice only for a caller who shows
// a credential that the broker signed, for this bank, with the scope that the tool needs, and that is not over.
//
//   node bank.mjs FOLDER        BANK_AUDIENCE and BANK_JWKS (a file with the broker's public keys) from the environment;
//                               without BANK_JWKS nobody is asked for a credential.
import { createPublicKey, verify } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node bank.mjs FOLDER');
  process.exit(2);
}

const statement = join(folder, 'bank-statement.csv');
const openingBalance = 20_000;
const audience = process.env.BANK_AUDIENCE ?? 'https://bank.example';

const entries = () =>
  existsSync(statement)
    ? readFileSync(statement, 'utf8').trim().split('\n').slice(1).map((line) => line.split(','))
    : [];
const balance = () => entries().reduce((sum, [, , , amount]) => sum - Number(amount), openingBalance);
const text = (value) => ({ content: [{ type: 'text', text: JSON.stringify(value) }] });
const failure = (message) => ({ isError: true, content: [{ type: 'text', text: message }] });

/** Why the caller may not do what needs this scope; undefined: the caller may. */
function refusal(extra, scope) {
  if (!process.env.BANK_JWKS) return undefined;
  const shown = extra._meta?.['cairn/credential'];
  const token = typeof shown === 'string' ? shown : shown?.token;
  if (typeof token !== 'string') return 'this bank asks for a credential and none was shown';
  const parts = token.split('.');
  if (parts.length !== 3) return 'the credential is no signed token';
  const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
  const key = JSON.parse(readFileSync(process.env.BANK_JWKS, 'utf8')).keys.find((known) => known.kid === header.kid);
  if (!key || header.alg !== 'ES256') return 'the credential is not signed by a key of the broker';
  const signed = verify(
    'sha256',
    Buffer.from(`${parts[0]}.${parts[1]}`),
    { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(parts[2], 'base64url'),
  );
  if (!signed) return 'the signature of the credential is not good';
  if (![claims.aud].flat().includes(audience)) return `the credential is not for ${audience}`;
  if (claims.exp * 1000 <= Date.now()) return 'the credential is over';
  if (!String(claims.scope ?? '').split(' ').includes(scope)) return `the credential does not permit ${scope}`;
  return undefined;
}

const server = new McpServer({ name: 'tidewater-bank', version: '1.0.0' });

server.registerTool(
  'get_balance',
  { description: 'The balance of the account, in EUR', annotations: { readOnlyHint: true } },
  () => text({ balance_eur: balance() }),
);

server.registerTool(
  'pay_invoice',
  {
    description: 'Pays an invoice once',
    inputSchema: { invoice: z.string(), to: z.string(), amount_eur: z.number().positive() },
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  },
  ({ invoice, to, amount_eur }, extra) => {
    const refused = refusal(extra, 'payments:create');
    if (refused) return failure(refused);
    if (entries().some(([, paid]) => paid === invoice)) return failure(`invoice ${invoice} is paid already`);
    if (amount_eur > balance()) return failure(`the balance is ${balance()} EUR`);
    if (!existsSync(statement)) appendFileSync(statement, 'payment,invoice,to,amount_eur\n');
    const payment = `P-${entries().length + 1}`;
    appendFileSync(statement, `${payment},${invoice},${to.replaceAll(',', ' ')},${amount_eur.toFixed(2)}\n`);
    return text({ payment, balance_eur: balance() });
  },
);

await server.connect(new StdioServerTransport());
