using System.Formats.Cbor;
using System.Net;
using System.Net.Http.Headers;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Statements;
using Cairn.Ledger;
using Cairn.Sdk;

namespace Cairn.Server.Tests;

/// <summary>SCRAPI over real HTTP: what a SCITT client sees of a Cairn ledger.</summary>
public sealed class ScittTests : IDisposable
{
    private readonly ServerBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_statement_that_the_ledger_has_gets_its_receipt_and_its_transparent_form()
    {
        await using var server = await _bench.ServeAsync();
        var statement = await EmitAsync(server);
        using var http = ServerBench.Http(server.Address, _bench.ReadToken);

        using var registered = await PostAsync(http, statement.Bytes);
        Assert.Equal((HttpStatusCode.Created, "application/cose"), (registered.StatusCode, registered.Content.Headers.ContentType?.MediaType));
        var receipt = CoseReceipt.Decode(await registered.Content.ReadAsByteArrayAsync(ServerBench.Cancel));
        var policy = LedgerDirectory.Open(_bench.Data).TrustPolicy().Log;
        Assert.True(receipt.ProvesInclusion(statement.LeafHash, policy.Logs.Single(log => log.Key.Type == KeyType.Ed25519).Key));

        using var fresh = await http.GetAsync(registered.Headers.Location, ServerBench.Cancel);
        Assert.Equal((HttpStatusCode.OK, registered.Headers.Location), (fresh.StatusCode, fresh.Headers.Location));
        Assert.Equal(receipt.Bytes.ToArray(), await fresh.Content.ReadAsByteArrayAsync(ServerBench.Cancel));

        http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/scitt-statement+cose"));
        var transparent = TransparentStatement.Decode(await http.GetByteArrayAsync(registered.Headers.Location, ServerBench.Cancel));
        Assert.Equal(statement.Bytes.ToArray(), transparent.Statement.Bytes.ToArray());
        var checkpoint = SignedNote.Parse(await http.GetByteArrayAsync("checkpoint", ServerBench.Cancel));
        Assert.True(ReceiptCheck.Run(transparent.Statement, transparent.Receipts, policy, checkpoint) is { Accepted: true, IsPlaceProved: true });
    }

    [Fact]
    public async Task Keys_are_published_to_everybody_as_a_set_and_one_by_one()
    {
        await using var server = await _bench.ServeAsync();
        using var http = ServerBench.Http(server.Address);
        var keys = LedgerDirectory.Open(_bench.Data).TrustPolicy().Log.Logs.Select(log => log.Key).ToList();

        Assert.Equal(CoseKey.EncodeSet(keys), await http.GetByteArrayAsync(".well-known/scitt-keys", ServerBench.Cancel));
        foreach (var key in keys)
        {
            var kid = System.Buffers.Text.Base64Url.EncodeToString(CoseKey.Thumbprint(key).ToArray());
            Assert.Equal(CoseKey.Encode(key), await http.GetByteArrayAsync($".well-known/scitt-keys/{kid}", ServerBench.Cancel));
        }

        await AssertProblemAsync(await http.GetAsync(".well-known/scitt-keys/unknown", ServerBench.Cancel), HttpStatusCode.NotFound, "No such key");
    }

    [Fact]
    public async Task A_statement_without_its_records_is_refused_with_the_way_to_send_them()
    {
        await using var server = await _bench.ServeAsync();
        using var http = ServerBench.Http(server.Address, _bench.ReadToken);
        using var key = NSec.Cryptography.Key.Create(NSec.Cryptography.SignatureAlgorithm.Ed25519);
        using var signer = StatementSigner.WithKey(ServerBench.Agent, key);
        var statement = signer.Sign(new StatementPayload(StreamId.New(), 0, default, 1, Digest.Sha256("records"u8), null), includeChain: true);

        Assert.Contains("/v1/statements", await AssertProblemAsync(await PostAsync(http, statement.Bytes), HttpStatusCode.BadRequest, "Records Missing"), StringComparison.Ordinal);
        Assert.Empty(await _bench.RecordsAsync());
    }

    [Fact]
    public async Task Requests_that_can_not_be_answered_get_a_concise_problem()
    {
        await using var server = await _bench.ServeAsync();
        var statement = await EmitAsync(server);
        using var stranger = ServerBench.Http(server.Address, "not-the-token");
        using var reader = ServerBench.Http(server.Address, _bench.ReadToken);

        await AssertProblemAsync(await PostAsync(stranger, statement.Bytes), HttpStatusCode.Unauthorized, "Unauthorized");
        await AssertProblemAsync(await stranger.GetAsync("entries/0", ServerBench.Cancel), HttpStatusCode.Unauthorized, "Unauthorized");
        await AssertProblemAsync(await PostAsync(reader, "not cose"u8.ToArray()), HttpStatusCode.BadRequest, "Rejected");
        await AssertProblemAsync(await PostAsync(reader, statement.Bytes, "application/cbor"), HttpStatusCode.UnsupportedMediaType, "Unsupported Media Type");
        await AssertProblemAsync(await PostAsync(reader, new byte[70_000]), HttpStatusCode.RequestEntityTooLarge, "Too Large");
        foreach (var id in new[] { "77", "00", "-1", "nothing" })
        {
            await AssertProblemAsync(await reader.GetAsync($"entries/{id}", ServerBench.Cancel), HttpStatusCode.NotFound, "Not Found");
        }
    }

    [Fact]
    public async Task Receipts_of_consistency_lead_from_a_kept_checkpoint_to_the_published_one_by_each_key()
    {
        await using var server = await _bench.ServeAsync();
        await EmitAsync(server);
        using var http = ServerBench.Http(server.Address, _bench.ReadToken);
        var older = await CheckpointAsync(http, 1);
        await EmitAsync(server);
        await EmitAsync(server);
        var newer = await CheckpointAsync(http, Checkpoint.Of(older).Size + 2);
        var policy = LedgerDirectory.Open(_bench.Data).TrustPolicy().Log;
        var (from, to) = (Checkpoint.Of(older).Size, Checkpoint.Of(newer).Size);

        var receipts = new List<CoseReceipt>();
        foreach (var key in policy.Logs.Select(log => log.Key))
        {
            var kid = System.Buffers.Text.Base64Url.EncodeToString(CoseKey.Thumbprint(key).ToArray());
            using var answer = await http.GetAsync($"v1/consistency/{from}?kid={kid}", ServerBench.Cancel);
            Assert.Equal((HttpStatusCode.OK, "application/cose"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            receipts.Add(CoseReceipt.Decode(await answer.Content.ReadAsByteArrayAsync(ServerBench.Cancel)));
        }

        Assert.True(ConsistencyCheck.Run(receipts, older, policy, newer) is { Accepted: true, IsSizeProved: true });

        // A size in between, that no checkpoint had: proved all the same to be on the way.
        var between = CoseReceipt.Decode(await http.GetByteArrayAsync($"v1/consistency/{from}/{from + 1}", ServerBench.Cancel));
        Assert.Equal((from, from + 1), (between.Proof.First, between.Proof.Second));
        Assert.Equal(["no receipt by log key"], ConsistencyCheck.Run([between], older, policy).Failures.Select(failure => failure[..21]));

        foreach (var path in new[] { "0", "x", $"{to}/{from}", $"01/{to}", $"{from}/-1" })
        {
            await AssertProblemAsync(await http.GetAsync($"v1/consistency/{path}", ServerBench.Cancel), HttpStatusCode.BadRequest, "Malformed Request");
        }

        await AssertProblemAsync(await http.GetAsync($"v1/consistency/{from}/{to + 1000}", ServerBench.Cancel), HttpStatusCode.NotFound, "Not Found");
        await AssertProblemAsync(await http.GetAsync($"v1/consistency/{from}?kid=unknown", ServerBench.Cancel), HttpStatusCode.NotFound, "No such key");
        using var stranger = ServerBench.Http(server.Address, "not-the-token");
        await AssertProblemAsync(await stranger.GetAsync($"v1/consistency/{from}", ServerBench.Cancel), HttpStatusCode.Unauthorized, "Unauthorized");
    }

    [Fact]
    public async Task While_no_checkpoint_covers_the_statement_the_answer_says_where_to_ask_again()
    {
        await using var server = await _bench.ServeAsync(options => options with { ReceiptPatience = TimeSpan.Zero });
        var statement = await EmitAsync(server);
        await using (var ledger = await EmbeddedLedger.OpenAsync(LedgerDirectory.Open(_bench.Data), new EmbeddedLedgerOptions { Sequence = false, Log = _bench.Options.Log }, ServerBench.Cancel))
        {
            await ledger.WaitForCheckpointAsync(ledger.Count() - 1, TimeSpan.FromSeconds(20), ServerBench.Cancel);
        }

        File.Delete(Path.Combine(_bench.Data, "ledger", "checkpoint"));
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = server.Address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", _bench.ReadToken);

        using var registered = await PostAsync(http, statement.Bytes);
        Assert.Equal((HttpStatusCode.SeeOther, TimeSpan.FromSeconds(1)), (registered.StatusCode, registered.Headers.RetryAfter?.Delta));
        using var asked = await http.GetAsync(registered.Headers.Location, ServerBench.Cancel);
        Assert.Equal((HttpStatusCode.Found, registered.Headers.Location), (asked.StatusCode, asked.Headers.Location));
        Assert.Empty(await asked.Content.ReadAsByteArrayAsync(ServerBench.Cancel));
    }

    [Fact]
    public async Task An_emitter_gets_the_receipt_of_a_statement_that_it_holds_and_can_not_walk_through_others()
    {
        await using var server = await _bench.ServeAsync();
        var statement = await EmitAsync(server);
        using var identity = _bench.Identity(server.Address, _bench.JoinToken);
        using var emitter = ServerBench.Http(server.Address, identity.AccessToken);

        Assert.Equal(HttpStatusCode.Created, (await PostAsync(emitter, statement.Bytes)).StatusCode);
        await AssertProblemAsync(await emitter.GetAsync("entries/0", ServerBench.Cancel), HttpStatusCode.Unauthorized, "Unauthorized");
    }

    private static async Task<SignedNote> CheckpointAsync(HttpClient http, long size)
    {
        // The answer to a question for a receipt waits for the checkpoint that covers it.
        (await http.GetAsync($"entries/{size - 1}", ServerBench.Cancel)).EnsureSuccessStatusCode().Dispose();
        return SignedNote.Parse(await http.GetByteArrayAsync("checkpoint", ServerBench.Cancel));
    }

    private async Task<SignedStatement> EmitAsync(CairnServer server)
    {
        using var identity = _bench.Identity(server.Address, _bench.JoinToken);
        using var client = new HttpLedgerClient(server.Address, new HttpLedgerOptions { Token = () => identity.AccessToken, Policy = LedgerDirectory.Open(_bench.Data).TrustPolicy().Log });
        await using (var emitter = await Emitter.StartAsync(_bench.EmitterOptions(identity), client, ServerBench.Cancel))
        {
            await emitter.EmitDurableAsync(_bench.Draft("one"), ServerBench.Cancel);
        }

        await using var ledger = await EmbeddedLedger.OpenAsync(LedgerDirectory.Open(_bench.Data), new EmbeddedLedgerOptions { Sequence = false, Log = _bench.Options.Log }, ServerBench.Cancel);
        var count = ledger.Count();
        await foreach (var entry in ledger.ReadAsync(count - 1, count, ServerBench.Cancel))
        {
            return entry.Statement;
        }

        throw new InvalidOperationException("the ledger is empty");
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient http, ReadOnlyMemory<byte> body, string type = "application/cose")
    {
        using var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = new(type);
        return await http.PostAsync("entries", content, ServerBench.Cancel);
    }

    private static async Task<string> AssertProblemAsync(HttpResponseMessage response, HttpStatusCode status, string title)
    {
        using (response)
        {
            Assert.Equal((status, "application/concise-problem-details+cbor"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
            var reader = new CborReader(await response.Content.ReadAsByteArrayAsync(ServerBench.Cancel), CborConformanceMode.Canonical);
            Assert.Equal(2, reader.ReadStartMap());
            Assert.Equal((-1, title, -2), (reader.ReadInt32(), reader.ReadTextString(), reader.ReadInt32()));
            return reader.ReadTextString();
        }
    }
}
