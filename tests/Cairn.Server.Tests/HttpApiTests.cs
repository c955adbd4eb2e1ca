using System.Net;
using System.Text;
using System.Text.Json;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Submissions;
using Cairn.Evidence.Tiles;
using Cairn.Ledger;
using Cairn.Sdk;

namespace Cairn.Server.Tests;

public sealed class HttpApiTests : IDisposable
{
    private readonly ServerBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Evidence_sent_over_http_gets_receipts_that_verify_and_tiles_that_any_client_can_read()
    {
        await using var server = await _bench.ServeAsync();
        using var identity = _bench.Identity(server.Address, _bench.JoinToken);
        using var client = new HttpLedgerClient(server.Address, new HttpLedgerOptions { Token = () => identity.AccessToken, Policy = LedgerDirectory.Open(_bench.Data).TrustPolicy().Log });
        await using (var emitter = await Emitter.StartAsync(_bench.EmitterOptions(identity), client, ServerBench.Cancel))
        {
            for (var i = 0; i < 3; i++)
            {
                await emitter.EmitDurableAsync(_bench.Draft($"{i}"), ServerBench.Cancel);
            }

            var count = Assert.Single(await client.CountsAsync(_bench.Trace, ServerBench.Cancel));
            Assert.Equal((ServerBench.Agent, emitter.Stream, 3L), (count.Emitter, count.Stream, count.Records));
        }

        using var http = ServerBench.Http(server.Address, _bench.ReadToken);
        var proof = TlogProof.Parse(await http.GetByteArrayAsync("v1/receipts/1", ServerBench.Cancel));
        var checkpoint = Checkpoint.Of(proof.Checkpoint);
        Assert.True(LedgerDirectory.Open(_bench.Data).TrustPolicy().Log.Check(proof.Checkpoint).Accepted);

        var size = checkpoint.Size;
        var bundle = EntryBundle.Parse(await http.GetByteArrayAsync(new EntryBundleCoordinate(0, (int)size).Path, ServerBench.Cancel));
        var leaf = MerkleHash.Leaf(bundle[1].Span);
        Assert.True(InclusionProof.Verify(leaf, 1, size, proof.Path.ToArray(), checkpoint.Root));
        var tile = await http.GetByteArrayAsync(new TileCoordinate(0, 0, (int)size).Path, ServerBench.Cancel);
        Assert.Equal(leaf.ToArray(), tile[32..64]);
        Assert.Equal(size, Checkpoint.Of(SignedNote.Parse(await http.GetByteArrayAsync("checkpoint", ServerBench.Cancel))).Size);
        Assert.Equal(checkpoint.Head, await client.NewestHeadAsync(ServerBench.Cancel));
        Assert.Contains(_bench.Trace.ToString(), await http.GetStringAsync("v1/trails", ServerBench.Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_without_its_quorum_of_witnesses_is_not_published_and_said_to_lack_it()
    {
        var directory = LedgerDirectory.OpenOrCreate(_bench.Data);
        using var witness = CheckpointSigner.Generate(KeyType.CosignatureEd25519, "witness.example/w");
        await File.WriteAllTextAsync(directory.WitnessPolicyPath, $"witness W {witness.VerifierKey} http://127.0.0.1:9/\nquorum W\n", ServerBench.Cancel);
        await using var server = await _bench.ServeAsync();
        using var identity = _bench.Identity(server.Address, _bench.JoinToken);
        using var client = new HttpLedgerClient(server.Address, new HttpLedgerOptions { Token = () => identity.AccessToken });
        await using (var emitter = await Emitter.StartAsync(_bench.EmitterOptions(identity), client, ServerBench.Cancel))
        {
            await emitter.EmitDurableAsync(_bench.Draft("one"), ServerBench.Cancel);
        }

        using var http = ServerBench.Http(server.Address, _bench.ReadToken);
        using var receipt = await http.GetAsync("v1/receipts/1", ServerBench.Cancel); // the operator's record of the enrolment is before it
        using var published = await http.GetAsync("checkpoint", ServerBench.Cancel);
        var newest = JsonDocument.Parse(await http.GetStringAsync("v1/checkpoint", ServerBench.Cancel)).RootElement;

        Assert.Equal(HttpStatusCode.OK, receipt.StatusCode);
        Assert.StartsWith("NOT FINAL: quorum W is not met, cosigned by 0 of 1", Assert.Single(receipt.Headers.GetValues("Cairn-Witnesses")), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, published.StatusCode);
        Assert.StartsWith("NOT FINAL", Assert.Single(published.Headers.GetValues("Cairn-Witnesses")), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, newest.GetProperty("final").ValueKind);
        Assert.False(newest.GetProperty("witnesses").GetProperty("final").GetBoolean());
        Assert.Equal(2, Checkpoint.Of(SignedNote.Parse(System.Text.Encoding.UTF8.GetBytes(newest.GetProperty("checkpoint").GetString()!))).Size);
    }

    [Theory]
    [InlineData("v1/trails", HttpStatusCode.Unauthorized)]
    [InlineData("v1/trails/4bf92f3577b34da6a3ce929d0e0e4736/counts", HttpStatusCode.Unauthorized)]
    [InlineData("v1/receipts/0", HttpStatusCode.Unauthorized)]
    [InlineData("tile/entries/000.p/1", HttpStatusCode.Unauthorized)]
    [InlineData("v1/checkpoint", HttpStatusCode.OK)]
    [InlineData("healthz", HttpStatusCode.OK)]
    public async Task Reading_takes_a_token_and_checkpoints_do_not(string path, HttpStatusCode expected)
    {
        await using var server = await _bench.ServeAsync();
        using var stranger = ServerBench.Http(server.Address, "not-the-token");
        Assert.Equal(expected, (await stranger.GetAsync(path, ServerBench.Cancel)).StatusCode);
        using var reader = ServerBench.Http(server.Address, _bench.ReadToken);
        Assert.NotEqual(HttpStatusCode.Unauthorized, (await reader.GetAsync(path, ServerBench.Cancel)).StatusCode);
    }

    [Fact]
    public async Task Join_token_does_not_let_its_holder_read()
    {
        await using var server = await _bench.ServeAsync();
        using var http = ServerBench.Http(server.Address, _bench.JoinToken);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("v1/trails", ServerBench.Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("tile/0/000.p/300")]
    [InlineData("tile/../../keys/ca.key.pem")]
    [InlineData("tile/..%2f..%2fkeys%2fca.key.pem")]
    [InlineData("tile/0/%2e%2e/%2e%2e/%2e%2e/cairn.json")]
    [InlineData("tile/entries/999")]
    [InlineData("v1/receipts/77")]
    [InlineData("v1/receipts/-1")]
    [InlineData("nothing/here")]
    public async Task What_is_not_there_is_a_problem_document_and_never_another_file(string path)
    {
        await using var server = await _bench.ServeAsync(o => o with { Open = true });
        using var http = ServerBench.Http(server.Address);
        using var response = await http.GetAsync(path, ServerBench.Cancel);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Malformed_and_forged_submissions_are_refused_with_a_code_and_a_place()
    {
        await using var server = await _bench.ServeAsync();
        using var http = ServerBench.Http(server.Address);
        foreach (var body in new byte[][] { [], [0x80], [0x81, 0x40], [0xff], Encoding.UTF8.GetBytes("{}"), new byte[100_000] })
        {
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new(SubmissionBatch.MediaType);
            using var response = await http.PostAsync("v1/statements", content, ServerBench.Cancel);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(ServerBench.Cancel));
            Assert.Equal("format", problem.RootElement.GetProperty("code").GetString());
            Assert.NotEmpty(problem.RootElement.GetProperty("detail").GetString()!);
        }

        // Signed by a key of another authority: well formed, and nobody that this ledger knows.
        using var foreign = Identity.LocalAuthority.Create(Path.Combine(_bench.Folder, "foreign"), "cairn.local");
        using var client = new HttpLedgerClient(server.Address);
        await using var emitter = await Emitter.StartAsync(
            new EmitterOptions { Issuer = ServerBench.Agent, Signer = foreign.SourceFor(ServerBench.Agent), SpoolPath = _bench.Spool, Log = _bench.Options.Log }, client, ServerBench.Cancel);
        var refused = await Assert.ThrowsAsync<EvidenceUnavailableException>(async () => await emitter.EmitDurableAsync(_bench.Draft("forged")));
        Assert.Contains("for good", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await _bench.RecordsAsync());
    }

    [Fact]
    public async Task Answer_that_is_not_a_cairn_servers_leaves_the_evidence_to_be_tried_again()
    {
        await using var server = await _bench.ServeAsync();
        using var wrong = new HttpLedgerClient(new Uri(server.Address, "healthz/"));
        await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await wrong.SubmitAsync([], ServerBench.Cancel));
        using var nobody = new HttpLedgerClient(new Uri("http://127.0.0.1:1"));
        await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await nobody.NewestHeadAsync(ServerBench.Cancel));
    }

    [Fact]
    public async Task Open_reading_is_refused_beyond_loopback()
    {
        var refused = await Assert.ThrowsAsync<CairnServerException>(() => _bench.ServeAsync(o => o with { Open = true, Url = "http://0.0.0.0:0" }));
        Assert.Contains("loopback", refused.Message, StringComparison.Ordinal);
    }
}
