using Cairn.Evidence.Records;
using Cairn.Evidence.Verification;
using Cairn.Identity.Credentials;
using CsCheck;

namespace Cairn.Broker.Tests;

public sealed class RevocationTests : IDisposable
{
    private readonly BrokerBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Revocation_takes_every_descendant_along_with_one_record_each()
    {
        string[] expected;
        await using (var broker = await _bench.OpenAsync())
        {
            var grant = await _bench.GrantAsync(broker);
            var root = await broker.ExchangeAsync(_bench.Request(BrokerBench.Orchestrator, grant.Token), BrokerBench.Cancel);
            var child = await broker.ExchangeAsync(_bench.Request(BrokerBench.Orchestrator, root.Token), BrokerBench.Cancel);
            var grandchild = await broker.ExchangeAsync(_bench.Request(BrokerBench.Orchestrator, child.Token), BrokerBench.Cancel);
            var sibling = await broker.ExchangeAsync(_bench.Request(BrokerBench.Orchestrator, grant.Token), BrokerBench.Cancel);
            expected = [root.Entry.Id, child.Entry.Id, grandchild.Entry.Id];
            Assert.Equal(expected, await broker.RevokeAsync(root.Entry.Id, "key lost", "operator", BrokerBench.Cancel));
            Assert.Empty(await broker.RevokeAsync(root.Entry.Id, "again", "operator", BrokerBench.Cancel));
            Assert.Empty(await broker.RevokeAsync("nothing-like-this", "unknown", "operator", BrokerBench.Cancel));
            Assert.All(expected, id => Assert.False(broker.IsActive(id)));
            Assert.True(broker.IsActive(sibling.Entry.Id));
            Assert.Null(broker.Inspect(grandchild.Token));
            var refused = await Assert.ThrowsAsync<CredentialRefusedException>(async () => await broker.ExchangeAsync(_bench.Request(BrokerBench.Orchestrator, child.Token), BrokerBench.Cancel));
            Assert.Equal("invalid_grant", refused.Error);
        }

        var revoked = await _bench.BodiesAsync(RecordKinds.CredentialRevoked);
        Assert.Equal(expected, revoked.Select(b => BrokerBench.Text(b, "id")));
        Assert.False(revoked[0].TryGetProperty("cascade_of", out _));
        Assert.All(revoked.Skip(1), b => Assert.Equal(expected[0], BrokerBench.Text(b, "cascade_of")));
        Assert.Equal(expected[1], BrokerBench.Text(Assert.Single(await _bench.BodiesAsync(RecordKinds.CredentialRefused)), "id"));
        var report = await _bench.VerifyAsync();
        Assert.True(report.Verified, string.Join('\n', VerificationText.Lines(report)));
    }

    [Fact]
    public async Task Revocation_by_one_broker_is_seen_by_another_on_the_same_directory_at_once()
    {
        await using var one = await _bench.OpenAsync();
        await using var two = await _bench.OpenAsync();
        var grant = await _bench.GrantAsync(one);
        Assert.NotNull(two.Inspect(grant.Token));
        await two.RevokeAsync(grant.Entry.Id, "seen elsewhere", null, BrokerBench.Cancel);
        Assert.Null(one.Inspect(grant.Token));
        Assert.False(one.IsActive(grant.Entry.Id));
    }

    [Fact]
    public async Task Expiry_is_recorded_exactly_once_whoever_sweeps_and_however_often()
    {
        string id;
        await using (var broker = await _bench.OpenAsync())
        {
            var grant = await _bench.GrantAsync(broker, ttl: TimeSpan.FromSeconds(2));
            id = grant.Entry.Id;
            await broker.SweepAsync(BrokerBench.Cancel);
            await Task.Delay(grant.Entry.Expires - DateTimeOffset.UtcNow + TimeSpan.FromMilliseconds(20), BrokerBench.Cancel);
            Assert.False(broker.IsActive(id));
            Assert.Null(broker.Inspect(grant.Token));
            await Assert.ThrowsAsync<CredentialRefusedException>(async () => await broker.ExchangeAsync(_bench.Request(BrokerBench.Orchestrator, grant.Token), BrokerBench.Cancel));
        }

        // After a restart, by two at once.
        await using (var one = await _bench.OpenAsync())
        await using (var two = await _bench.OpenAsync())
        {
            await Task.WhenAll(one.SweepAsync(BrokerBench.Cancel), two.SweepAsync(BrokerBench.Cancel));
            await one.SweepAsync(BrokerBench.Cancel);
        }

        Assert.Equal(id, BrokerBench.Text(Assert.Single(await _bench.BodiesAsync(RecordKinds.CredentialExpired)), "id"));
        Assert.Empty(await _bench.BodiesAsync(RecordKinds.CredentialRevoked));
    }

    // The laws: whatever is asked for, a token's scope, audience and end are within its parent's; and a revocation closes
    // exactly the descendants.
    [Fact]
    public async Task Random_trees_of_delegation_only_narrow_and_are_revoked_by_subtree()
    {
        await using var broker = await _bench.OpenAsync();
        var step = Gen.Select(Gen.Int[0, 100], Gen.Int[0, 7], Gen.Int[0, 3], Gen.Int[1, 900], Gen.Bool);
        await Gen.Select(step.List[1, 14], Gen.Int[0, 100]).SampleAsync(
            async (steps, cut) =>
            {
                var nodes = new List<IssuedToken> { await _bench.GrantAsync(broker) };
                var parents = new Dictionary<string, string>();
                foreach (var (at, scopes, audience, ttl, wide) in steps)
                {
                    var parent = nodes[at % nodes.Count];
                    string[] scope = [.. new[] { "pay", "read", "send" }.Where((_, i) => (scopes & (1 << i)) != 0), .. wide ? ["admin"] : Array.Empty<string>()];
                    string[] target = audience == 0 ? [] : [new[] { "https://pay.example", "https://mail.example", "https://evil.example" }[audience - 1]];
                    try
                    {
                        var node = await broker.ExchangeAsync(_bench.Request(BrokerBench.Orchestrator, parent.Token) with { Scope = scope, Audience = target, Ttl = TimeSpan.FromSeconds(ttl) }, BrokerBench.Cancel);
                        Assert.Subset(parent.Entry.Scope.ToHashSet(), node.Entry.Scope.ToHashSet());
                        Assert.Subset(parent.Entry.Audience.ToHashSet(), node.Entry.Audience.ToHashSet());
                        Assert.True(node.Entry.Expires <= parent.Entry.Expires);
                        Assert.NotEmpty(node.Entry.Scope);
                        Assert.InRange(node.Entry.Depth, parent.Entry.Depth + 1, _bench.Settings.MaxDepth);
                        nodes.Add(node);
                        parents[node.Entry.Id] = parent.Entry.Id;
                    }
                    catch (CredentialRefusedException e)
                    {
                        var isWider = scope.Except(parent.Entry.Scope).Any() || target.Except(parent.Entry.Audience).Any();
                        Assert.True(isWider || parent.Entry.Depth >= _bench.Settings.MaxDepth, e.Message);
                    }
                }

                var revoked = nodes[cut % nodes.Count].Entry.Id;
                bool Descends(string id) => id == revoked || (parents.TryGetValue(id, out var up) && Descends(up));
                var closed = await broker.RevokeAsync(revoked, "cut", null, BrokerBench.Cancel);
                Assert.Equal(nodes.Select(n => n.Entry.Id).Where(Descends).Order(), closed.Order());
                Assert.All(nodes, n => Assert.Equal(!Descends(n.Entry.Id), broker.IsActive(n.Entry.Id)));
            },
            iter: 10,
            threads: 1);
    }
}
