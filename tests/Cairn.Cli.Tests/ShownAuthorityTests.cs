using Cairn.Broker;
using Cairn.Cli.Authorize;
using Cairn.Evidence;
using Cairn.Ledger;

namespace Cairn.Cli.Tests;

/// <summary>What a token shows for an agent is what the data directory's own broker says of it now, and nothing that the token says itself.</summary>
public sealed class ShownAuthorityTests : IAsyncLifetime
{
    private const string Audience = "https://bank.example";
    private static readonly SpiffeId Giver = SpiffeId.Parse("spiffe://cairn.local/agent/orchestrator");
    private static readonly SpiffeId Agent = SpiffeId.Parse("spiffe://cairn.local/agent/payer");

    private readonly string _data = Path.Combine(Directory.CreateTempSubdirectory("cairn-cli-").FullName, "data");
    private CredentialBroker _issuer = null!;
    private LocalBroker _broker = null!;

    public async ValueTask InitializeAsync()
    {
        var root = LedgerDirectory.OpenOrCreate(_data).Root;
        Directory.CreateDirectory(Path.Combine(root, "broker"));
        await File.WriteAllTextAsync(Path.Combine(root, "broker", "broker.json"), $$"""{"bearer_audience": ["{{Audience}}"]}""");
        _issuer = await CredentialBroker.OpenAsync(new BrokerOptions { DataPath = root, SweepEvery = null });
        _broker = new LocalBroker(root, SpiffeId.Parse("spiffe://cairn.local/gateway/mcp"), "pat");
    }

    public async ValueTask DisposeAsync()
    {
        await _broker.DisposeAsync();
        await _issuer.DisposeAsync();
        Directory.Delete(Path.GetDirectoryName(_data)!, recursive: true);
    }

    [Fact]
    public async Task Token_shows_its_scope_and_the_chain_from_the_principal_to_the_giver()
    {
        var token = await HandedOnAsync();

        var shown = await _broker.ShownAsync(token.Token, Agent, TestContext.Current.CancellationToken);

        Assert.Equal(["user:ada", Giver.ToString()], shown!.Chain);
        Assert.Equal(["pay"], shown.Scopes);
        Assert.Equal(token.Entry.Id, shown.CredentialId);
    }

    [Fact]
    public async Task Token_that_another_agent_may_use_shows_nothing() =>
        Assert.Null(await _broker.ShownAsync((await HandedOnAsync()).Token, SpiffeId.Parse("spiffe://cairn.local/agent/other"), TestContext.Current.CancellationToken));

    [Fact]
    public async Task Revoked_token_shows_nothing()
    {
        var token = await HandedOnAsync();
        await _issuer.RevokeAsync(token.Entry.Id, "test", null, TestContext.Current.CancellationToken);

        Assert.Null(await _broker.ShownAsync(token.Token, Agent, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a token")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyOmFkYSIsInNjb3BlIjoicGF5In0.")]
    public async Task Words_that_are_no_token_of_this_broker_show_nothing(string token) =>
        Assert.Null(await _broker.ShownAsync(token, Agent, TestContext.Current.CancellationToken));

    private async Task<IssuedToken> HandedOnAsync()
    {
        var context = new TraceParent(TraceId.New(), SpanId.New());
        var grant = await _issuer.GrantAsync(
            new GrantRequest { Subject = "user:ada", Audience = [Audience], Scope = ["pay", "read"], Ttl = TimeSpan.FromMinutes(5), MayAct = Giver, Context = context, By = "ada" }, default);
        return await _issuer.ExchangeAsync(
            new ExchangeRequest { Client = Giver, SubjectToken = grant.Token, Audience = [Audience], Scope = ["pay"], MayAct = Agent, Context = context }, default);
    }
}
