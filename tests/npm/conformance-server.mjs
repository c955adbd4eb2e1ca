// A server with all that the conformance suite's server scenarios ask for, made with the official TypeScript SDK: it
// passes them by itself, so that what fails through a gateway is the gateway's doing. PORT says where it listens.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import * as types from '@modelcontextprotocol/sdk/types.js';

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAESsAACJWAAACABAAZGF0YQAAAAA=';
const text = value => ({ content: [{ type: 'text', text: value }] });
const pause = () => new Promise(done => setTimeout(done, 50));
const noArguments = { type: 'object', properties: {} };
const one = name => ({ type: 'object', properties: { [name]: { type: 'string' } }, required: [name] });

const elicit = (server, extra, message, properties, required = []) =>
  extra.sendRequest({ method: 'elicitation/create', params: { message, requestedSchema: { type: 'object', properties, required } } }, types.ElicitResultSchema);

const completed = answer => text(`Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);

const tools = {
  test_simple_text: [noArguments, () => text('This is a simple text response for testing.')],
  test_image_content: [noArguments, () => ({ content: [{ type: 'image', data: png, mimeType: 'image/png' }] })],
  test_audio_content: [noArguments, () => ({ content: [{ type: 'audio', data: wav, mimeType: 'audio/wav' }] })],
  test_embedded_resource: [noArguments, () => ({
    content: [{ type: 'resource', resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.' } }],
  })],
  test_multiple_content_types: [noArguments, () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      { type: 'image', data: png, mimeType: 'image/png' },
      { type: 'resource', resource: { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data","value":123}' } },
    ],
  })],
  test_tool_with_logging: [noArguments, async (_, extra) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data } });
      await pause();
    }
    return text('logged');
  }],
  test_error_handling: [noArguments, () => ({ isError: true, ...text('This tool intentionally returns an error for testing') })],
  test_tool_with_progress: [noArguments, async (_, extra) => {
    for (const progress of [0, 50, 100]) {
      if (extra._meta?.progressToken !== undefined) {
        await extra.sendNotification({ method: 'notifications/progress', params: { progressToken: extra._meta.progressToken, progress, total: 100 } });
      }
      await pause();
    }
    return text('progressed');
  }],
  test_sampling: [one('prompt'), async ({ prompt }, extra) => {
    const answer = await extra.sendRequest(
      { method: 'sampling/createMessage', params: { messages: [{ role: 'user', content: { type: 'text', text: prompt } }], maxTokens: 100 } },
      types.CreateMessageResultSchema);
    return text(`LLM response: ${answer.content.text}`);
  }],
  test_elicitation: [one('message'), async ({ message }, extra, server) => {
    const answer = await elicit(server, extra, message, { username: { type: 'string' }, email: { type: 'string' } }, ['username', 'email']);
    return text(`User response: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);
  }],
  test_elicitation_sep1034_defaults: [noArguments, async (_, extra, server) => completed(await elicit(server, extra, 'defaults', {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  }))],
  test_elicitation_sep1330_enums: [noArguments, async (_, extra, server) => completed(await elicit(server, extra, 'enums', {
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: [1, 2, 3].map(n => ({ const: `value${n}`, title: `Option ${n}` })) },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
    titledMulti: { type: 'array', items: { anyOf: [1, 2, 3].map(n => ({ const: `value${n}`, title: `Choice ${n}` })) } },
  }))],
  test_reconnection: [noArguments, async (_, extra) => {
    extra.closeSSEStream?.();
    await pause();
    return text('Reconnection test completed successfully');
  }],
  json_schema_2020_12_tool: [{
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: { address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } } },
    properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
    additionalProperties: false,
  }, () => text('ok')],
};

const user = content => ({ role: 'user', content });
const prompts = {
  test_simple_prompt: [[], () => [user({ type: 'text', text: 'This is a simple prompt for testing.' })]],
  test_prompt_with_arguments: [['arg1', 'arg2'], a => [user({ type: 'text', text: `Prompt with arguments: arg1='${a.arg1}', arg2='${a.arg2}'` })]],
  test_prompt_with_embedded_resource: [['resourceUri'], a => [
    user({ type: 'resource', resource: { uri: a.resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' } }),
    user({ type: 'text', text: 'Please process the embedded resource above.' }),
  ]],
  test_prompt_with_image: [[], () => [user({ type: 'image', data: png, mimeType: 'image/png' }), user({ type: 'text', text: 'Please analyze the image above.' })]],
};

const resources = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: png },
  'test://watched-resource': { mimeType: 'text/plain', text: 'watched' },
};

function makeServer() {
  const server = new Server(
    { name: 'cairn-conformance-server', version: '1.0.0' },
    { capabilities: { tools: {}, prompts: {}, resources: { subscribe: true }, logging: {}, completions: {} } });
  server.setRequestHandler(types.ListToolsRequestSchema, () => ({
    tools: Object.entries(tools).map(([name, [inputSchema]]) => ({ name, description: `Tool ${name}`, inputSchema })),
  }));
  server.setRequestHandler(types.CallToolRequestSchema, ({ params }, extra) => {
    const tool = tools[params.name];
    if (!tool) {
      throw new types.McpError(types.ErrorCode.InvalidParams, `no tool ${params.name}`);
    }
    return tool[1](params.arguments ?? {}, extra, server);
  });
  server.setRequestHandler(types.ListPromptsRequestSchema, () => ({
    prompts: Object.entries(prompts).map(([name, [names]]) => ({
      name, description: `Prompt ${name}`, arguments: names.map(n => ({ name: n, description: n, required: true })),
    })),
  }));
  server.setRequestHandler(types.GetPromptRequestSchema, ({ params }) => ({ messages: prompts[params.name][1](params.arguments ?? {}) }));
  server.setRequestHandler(types.ListResourcesRequestSchema, () => ({
    resources: Object.entries(resources).map(([uri, { mimeType }]) => ({ uri, name: uri, description: `Resource ${uri}`, mimeType })),
  }));
  server.setRequestHandler(types.ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', description: 'Template', mimeType: 'application/json' }],
  }));
  server.setRequestHandler(types.ReadResourceRequestSchema, ({ params: { uri } }) => {
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    const content = id
      ? { mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) }
      : resources[uri];
    return { contents: [{ uri, ...content }] };
  });
  server.setRequestHandler(types.SubscribeRequestSchema, () => ({}));
  server.setRequestHandler(types.UnsubscribeRequestSchema, () => ({}));
  server.setRequestHandler(types.SetLevelRequestSchema, () => ({}));
  server.setRequestHandler(types.CompleteRequestSchema, () => ({ completion: { values: ['paris', 'park', 'party'], total: 3, hasMore: false } }));
  return server;
}

// Events of all streams, so that a stream can be resumed.
class EventStore {
  events = [];
  async storeEvent(stream, message) {
    this.events.push({ id: `${stream}_${this.events.length}`, stream, message });
    return this.events.at(-1).id;
  }
  async replayEventsAfter(last, { send }) {
    const at = this.events.findIndex(e => e.id === last);
    const stream = this.events[at]?.stream;
    for (const event of this.events.slice(at + 1).filter(e => e.stream === stream)) {
      await send(event.id, event.message);
    }
    return stream;
  }
}

const transports = new Map();
const http = createServer(async (request, response) => {
  const known = transports.get(request.headers['mcp-session-id']);
  if (known) {
    await known.handleRequest(request, response);
    return;
  }
  if (request.headers['mcp-session-id']) {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}');
    return;
  }
  const address = http.address();
  const hosts = ['localhost', '127.0.0.1'].map(host => `${host}:${address.port}`);
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: new EventStore(),
    retryInterval: 200,
    enableDnsRebindingProtection: true,
    allowedHosts: hosts,
    onsessioninitialized: id => transports.set(id, transport),
    onsessionclosed: id => transports.delete(id),
  });
  await makeServer().connect(transport);
  await transport.handleRequest(request, response);
});
http.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => console.log(`listening at ${http.address().port}`));
