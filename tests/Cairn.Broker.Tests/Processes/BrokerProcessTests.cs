using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity;
using Cairn.Identity.Credentials;
using Cairn.Ledger;

namespace Cairn.Broker.Tests.Processes;

/// <summary>Brokers as processes on one data directory: shared truth, SIGKILL, and what is left afterwards.</summary>
public sealed class BrokerProcessTests : IDisposable
{
    private readonly BrokerBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Two_processes_on_one_directory_share_tokens_keys_proofs_and_revocations()
    {
        var (one, two) = ($"http://127.0.0.1:{BrokerProcess.FreePort()}", $"http://127.0.0.1:{BrokerProcess.FreePort()}");
        WriteSettings(one);
        await using var first = await BrokerProcess.ServeAsync(_bench.Data, one);
        await using var second = await BrokerProcess.ServeAsync(_bench.Data, two);
        using var authority = Authority();
        using var source = Source(authority, one);
        var credential = await source.ObtainAsync(Demand(), BrokerBench.Cancel);

        // The second one's operator takes back what the first one issued; the first one knows at once.
        var (code, output, error) = await BrokerProcess.RunAsync(["credential", "revoke", credential.Id, "--data", _bench.Data, "--reason", "lost laptop", "--output", "json"]);
        Assert.True(code == 0, error);
        Assert.Equal(credential.Id, JsonDocument.Parse(output).RootElement.GetProperty("revoked")[0].GetString());
        Assert.False(await source.IsActiveAsync(credential, BrokerBench.Cancel));

        // One proof, shown to both.
        var bench = new SharedProof(authority, one, two);
        Assert.Equal([200, 400], (await bench.ShowToBothAsync()).Order());
        using var http = new HttpClient();
        Assert.Equal(await http.GetStringAsync(new Uri($"{one}/jwks"), BrokerBench.Cancel), await http.GetStringAsync(new Uri($"{two}/jwks"), BrokerBench.Cancel));
    }

    // Whatever moment SIGKILL comes at: no token without its record, and what was begun is finished by whoever comes next.
    [Fact]
    public async Task Killed_in_the_midst_of_issuing_no_token_is_without_record_and_the_next_start_finishes_what_was_cut()
    {
        var url = $"http://127.0.0.1:{BrokerProcess.FreePort()}";
        WriteSettings(url);
        ConcurrentBag<string> given = [];
        using var authority = Authority();
        for (var round = 0; round < 2; round++)
        {
            await using var broker = await BrokerProcess.ServeAsync(_bench.Data, url);
            using var source = Source(authority, url);
            using var end = new CancellationTokenSource();
            var asking = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
            {
                while (!end.IsCancellationRequested)
                {
                    try
                    {
                        given.Add((await source.ObtainAsync(Demand(), BrokerBench.Cancel)).Id);
                    }
                    catch (CredentialRefusedException)
                    {
                        return; // it is dead
                    }
                }
            })).ToList();
            for (var before = given.Count; given.Count < before + 5 && asking.Any(a => !a.IsCompleted);)
            {
                await Task.Delay(20, BrokerBench.Cancel);
            }

            await Task.Delay(Random.Shared.Next(100), BrokerBench.Cancel);
            await broker.KillAsync();
            await end.CancelAsync();
            await Task.WhenAll(asking);
        }

        Assert.NotEmpty(given);

        // Half issued ones are found by their age; the clock is ahead so that the test need not wait for it.
        await using (var next = await CredentialBroker.OpenAsync(new BrokerOptions { DataPath = _bench.Data, SweepEvery = null, Log = _bench.Note, Time = new MovedClock(TimeSpan.FromSeconds(100)) }, BrokerBench.Cancel))
        {
            await next.SweepAsync(BrokerBench.Cancel);
            Assert.DoesNotContain(next.List(10_000, all: true), e => e.State == CredentialState.Pending);
            Assert.All(given, id => Assert.NotNull(next.Find(id)));
        }

        var issued = (await _bench.BodiesAsync(RecordKinds.CredentialIssued)).Select(b => BrokerBench.Text(b, "id")).ToHashSet();
        Assert.All(given, id => Assert.Contains(id, issued));
        var ended = (await _bench.BodiesAsync(RecordKinds.CredentialRevoked)).Concat(await _bench.BodiesAsync(RecordKinds.CredentialExpired)).Select(b => BrokerBench.Text(b, "id")).ToList();
        Assert.Equal(ended.Count, ended.Distinct().Count());
        // An active one may have been cut off on its way out: then its record is there all the same, and it ends by itself.
        using var catalogue = CredentialCatalogue.Open(_bench.Data)!;
        Assert.All(catalogue.List(10_000, all: true), e => Assert.Contains(e.Id, e.State == CredentialState.Active ? (IEnumerable<string>)issued : ended));
    }

    [Fact]
    public async Task Operator_s_commands_grant_list_show_inspect_and_revoke()
    {
        var (code, output, error) = await RunAsync("broker", "init");
        Assert.True(code == 0, error);
        Assert.Equal(BrokerSettings.PathIn(_bench.Data), output.Trim());
        Assert.Equal(new BrokerSettings().MaxTtlS, BrokerSettings.Read(output.Trim()).MaxTtlS); // the comments are read over
        Assert.Equal(2, (await RunAsync("broker", "init")).Code);
        (code, output, error) = await RunAsync("credential", "grant", "--subject", "ana@example.org", "--audience", "https://pay.example", "--scope", "pay read", "--ttl", "1h", "--by", "ops");
        Assert.True(code == 0, error);
        var token = output.Trim();
        Assert.Equal(3, token.Split('.').Length);
        var id = ExchangeTests.Claims(token).GetProperty("jti").GetString()!;
        Assert.Contains(id, error, StringComparison.Ordinal);
        Assert.DoesNotContain(token, error, StringComparison.Ordinal);

        (code, output, _) = await RunAsync("credential", "list", "--output", "json");
        var listed = Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray());
        Assert.Equal((0, id, "active"), (code, listed.GetProperty("id").GetString(), listed.GetProperty("state").GetString()));
        Assert.DoesNotContain(token.Split('.')[2], output, StringComparison.Ordinal);
        Assert.Equal(0, (await BrokerProcess.RunAsync(["credential", "inspect", "--data", _bench.Data], token)).Code);
        Assert.Contains("ana@example.org", (await RunAsync("credential", "show", id[..8])).Out, StringComparison.Ordinal);
        (code, output, error) = await RunAsync("credential", "revoke", id[..8], "--reason", "done");
        Assert.True(code == 0, error);
        Assert.Equal(id, output.Trim());
        Assert.Equal(1, (await BrokerProcess.RunAsync(["credential", "inspect", "--data", _bench.Data], token)).Code);
        Assert.Contains("done", (await RunAsync("credential", "show", id)).Out, StringComparison.Ordinal);

        (code, _, error) = await RunAsync("credential", "show", "nothing");
        Assert.Equal(2, code);
        Assert.Contains("Try: cairn credential list", error, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("credential", "grant", "--subject", "x", "--audience", "y", "--scope", "z", "--ttl", "soon")).Code);
    }

    [Fact]
    public async Task Broker_refuses_plain_http_beyond_loopback_and_a_key_that_others_can_read()
    {
        var (code, _, error) = await RunAsync("broker", "serve", "--urls", "http://0.0.0.0:7071");
        Assert.Equal(2, code);
        Assert.Contains("--tls-certificate", error, StringComparison.Ordinal);
        var key = Path.Combine(_bench.Data, "loose.key");
        await File.WriteAllTextAsync(key, "x", BrokerBench.Cancel);
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        (code, _, error) = await RunAsync("broker", "serve", "--urls", "https://127.0.0.1:7443", "--tls-certificate", key, "--tls-key", key);
        Assert.Equal(2, code);
        Assert.Contains("chmod 600", error, StringComparison.Ordinal);
    }

    private Task<(int Code, string Out, string Error)> RunAsync(params string[] arguments) => BrokerProcess.RunAsync([.. arguments, "--data", _bench.Data]);

    private void WriteSettings(string issuer)
    {
        _ = LedgerDirectory.OpenOrCreate(_bench.Data);
        var path = BrokerSettings.PathIn(_bench.Data);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, $$"""
            { "issuer": "{{issuer}}", "gateways": ["spiffe://cairn.local/gateway/*"],
              "workloads": [{ "id": "spiffe://cairn.local/agent/*", "audience": ["https://tools.example"], "scope": ["read"], "ttl_s": 600 }] }
            """);
    }

    private LocalAuthority Authority()
    {
        var directory = LedgerDirectory.Open(_bench.Data);
        return LocalAuthority.Open(directory.KeysPath, directory.TrustDomain);
    }

    private static HttpCredentialSource Source(LocalAuthority authority, string url) => new(new BrokerClient(new BrokerClientOptions { Issuer = url, Identity = authority.SourceFor(BrokerBench.Gateway) }));

    private CredentialDemand Demand() => new()
    {
        Actor = BrokerBench.Payments, Audience = "https://tools.example", Scope = ["read"], Ttl = TimeSpan.FromMinutes(5), Trace = _bench.Context.Trace, Span = _bench.Context.Span,
    };

    /// <summary>One request, proof and all, sent to two brokers of one issuer at once.</summary>
    private sealed class SharedProof(LocalAuthority authority, string issuer, string other)
    {
        public async Task<int[]> ShowToBothAsync()
        {
            using var svid = authority.Issue(BrokerBench.Payments, TimeSpan.FromHours(1));
            using var key = Broker.Proofs.HolderKey.Create();
            using var http = new HttpClient();
            var proof = key.Prove(HttpMethod.Post, new Uri($"{issuer}/token"));
            return await Task.WhenAll(new[] { issuer, other }.Select(async url =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{url}/token"))
                {
                    Content = new FormUrlEncodedContent(
                    [
                        new("grant_type", "client_credentials"), new("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                        new("client_assertion", Endpoints.HttpBench.AssertionOf(svid, issuer)),
                    ]),
                };
                request.Headers.Add("DPoP", proof);
                using var answer = await http.SendAsync(request, BrokerBench.Cancel);
                return (int)answer.StatusCode;
            }));
        }
    }
}
