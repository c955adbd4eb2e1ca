using System.Text.Json;
using Cairn.Cli.Authorize;
using Cairn.Cli.Emit;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Ledger;
using Cairn.Sdk;

namespace Cairn.Cli.Tests;

/// <summary>Who handed authority on is read from what others signed; an agent's own word adds nothing.</summary>
public sealed class KnownDelegationTests : IAsyncLifetime
{
    private static readonly SpiffeId Giver = SpiffeId.Parse("spiffe://cairn.local/agent/orchestrator");
    private static readonly SpiffeId Agent = SpiffeId.Parse("spiffe://cairn.local/agent/payer");

    private readonly string _data = Path.Combine(Directory.CreateTempSubdirectory("cairn-cli-").FullName, "data");
    private readonly TraceId _trace = TraceId.New();
    private readonly SpanId _root = SpanId.New();
    private readonly SpanId _child = SpanId.New();
    private EmitterHost _giver = null!;
    private EmitterHost _agent = null!;

    public async ValueTask InitializeAsync()
    {
        _giver = await EmitterHost.EmbeddedAsync(_data, _ => Giver, "pat", default);
        _agent = await EmitterHost.EmbeddedAsync(_data, _ => Agent, "pat", default, sequence: false);
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _giver.DisposeAsync();
        Directory.Delete(Path.GetDirectoryName(_data)!, recursive: true);
    }

    [Fact]
    public async Task Chain_leads_from_the_initiating_principal_to_the_giver_through_the_agents_own_task()
    {
        await RootAsync(_giver);
        await GrantAsync(_giver, Giver, Agent, null);
        var own = SpanId.New();
        await EmitAsync(_agent, RecordKinds.TaskStarted, own, _child, Start("agent-says-anything"));

        Assert.Equal(["user:alice", Giver.ToString()], await ChainAsync(own));
        Assert.Equal(["user:alice", Giver.ToString()], await ChainAsync(_child));
    }

    [Fact]
    public async Task Delegation_that_the_agent_grants_itself_in_anothers_name_is_none()
    {
        await RootAsync(_giver);
        await GrantAsync(_agent, Giver, Agent, null);

        Assert.Empty(await ChainAsync(_child));
    }

    [Fact]
    public async Task Beginning_that_the_agent_tells_itself_is_none()
    {
        await RootAsync(_agent);
        await GrantAsync(_giver, Giver, Agent, null);

        Assert.Empty(await ChainAsync(_child));
    }

    [Fact]
    public async Task Second_beginning_makes_the_chain_unknown()
    {
        await RootAsync(_giver);
        await GrantAsync(_giver, Giver, Agent, null);
        await EmitAsync(_agent, RecordKinds.TaskStarted, SpanId.New(), null, Start("user:mallory"));

        Assert.Empty(await ChainAsync(_child));
    }

    [Fact]
    public async Task Delegation_that_is_over_or_ended_or_to_another_is_none()
    {
        await RootAsync(_giver);
        await GrantAsync(_giver, Giver, Agent, DateTimeOffset.UtcNow - TimeSpan.FromMinutes(1));
        Assert.Empty(await ChainAsync(_child));

        var (other, ended) = (SpanId.New(), SpanId.New());
        await GrantAsync(_giver, Giver, SpiffeId.Parse("spiffe://cairn.local/agent/other"), null, other);
        Assert.Empty(await ChainAsync(other));

        var granted = await GrantAsync(_giver, Giver, Agent, DateTimeOffset.UtcNow + TimeSpan.FromHours(1), ended);
        Assert.NotEmpty(await ChainAsync(ended));
        await EmitAsync(_giver, RecordKinds.DelegationEnded, ended, _root, json =>
        {
            json.WriteString("granted", granted.ToString());
            json.WriteString("reason", "revoked");
        });
        Assert.Empty(await ChainAsync(ended));
    }

    private Task<IReadOnlyList<string>> ChainAsync(SpanId at) =>
        KnownDelegation.ChainAsync((EmbeddedLedger)_giver.Ledger, Agent, new TraceParent(_trace, at), DateTimeOffset.UtcNow, default);

    private Task RootAsync(EmitterHost teller) => EmitAsync(teller, RecordKinds.TaskStarted, _root, null, Start("user:alice"));

    private async Task<RecordId> GrantAsync(EmitterHost teller, SpiffeId from, SpiffeId to, DateTimeOffset? expires, SpanId? child = null) =>
        await EmitAsync(teller, RecordKinds.DelegationGranted, child ?? _child, _root, json =>
        {
            json.WriteString("from", from.ToString());
            json.WriteString("to", to.ToString());
            json.WriteStartArray("scope");
            json.WriteStringValue("pay");
            json.WriteEndArray();
            json.WriteString("purpose", "a test");
            if (expires is { } end)
            {
                json.WriteString("expires", end.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'"));
            }

            json.WriteString("child_span", (child ?? _child).ToString());
        });

    private async Task<RecordId> EmitAsync(EmitterHost teller, string kind, SpanId span, SpanId? parent, Action<Utf8JsonWriter> body)
    {
        var actor = new Actor(teller.Emitter.Issuer, "test:1", "pat");
        return await teller.Emitter.EmitDurableAsync(new RecordDraft { Kind = kind, Trace = _trace, Span = span, Parent = parent, Task = _root, Actor = actor, Body = body }, default);
    }

    private static Action<Utf8JsonWriter> Start(string principal) => json =>
    {
        json.WriteString("principal", principal);
        json.WriteString("authenticated", "test");
        json.WriteString("channel", "test");
        json.WriteString("owner", "pat");
    };
}
