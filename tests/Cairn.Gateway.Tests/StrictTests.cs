using System.Text;
using System.Text.Json.Nodes;
using Cairn.Evidence.Records;
using Cairn.Gateway.Tests.Harness;

namespace Cairn.Gateway.Tests;

/// <summary>No act without durable evidence, in the order of the messages, at the price of few writes.</summary>
public sealed class StrictTests
{
    private static string? Status(Record record) => record.Body.GetProperty("status").GetString();

    [Fact]
    public async Task Call_without_evidence_is_refused_and_says_so_later()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.InitializeAsync();
        var file = Path.Combine(TestPaths.Scratch(), "mark");
        harness.Ledger.IsAway = true;

        var refused = await harness.CallAsync("mark", new() { ["file"] = file });
        var pong = await harness.RequestAsync("ping");
        var tools = await harness.RequestAsync("tools/list");
        harness.Ledger.IsAway = false;
        var completed = await harness.RecordAsync(r => r.Kind == RecordKinds.ActionCompleted);
        var passed = await CallUntilPassedAsync(harness, file);
        await harness.CloseAsync();

        Assert.Equal(-31001, (int)refused["error"]!["code"]!);
        Assert.Contains("evidence could not be recorded", (string)refused["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Equal("cairn-gateway", (string)refused["error"]!["data"]!["source"]!);
        Assert.NotNull(pong["result"]);
        Assert.NotNull(tools["result"]);
        Assert.Equal("refused", Status(completed));
        Assert.NotNull(passed["result"]);
        var kinds = harness.Records.Where(r => r.Span == completed.Span).Select(r => r.Kind);
        Assert.Equal([RecordKinds.ActionRequested, RecordKinds.ActionCompleted], kinds);
        Assert.Equal(Enumerable.Range(0, harness.Records.Count).Select(i => (long)i), harness.Records.Select(r => r.Seq));
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    /// <summary>The ledger is back, but the emitter tries again only after a pause.</summary>
    private static async Task<JsonObject> CallUntilPassedAsync(GatewayHarness harness, string file)
    {
        Assert.False(File.Exists(file));
        for (var i = 0; ; i++)
        {
            var answer = await harness.CallAsync("mark", new() { ["file"] = file });
            if (answer["result"] is not null || i == 20)
            {
                Assert.True(File.Exists(file));
                return answer;
            }

            await Task.Delay(100);
        }
    }

    [Fact]
    public async Task Call_reaches_the_server_only_after_its_record_is_in_the_ledger()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.InitializeAsync();
        harness.Ledger.Delay = TimeSpan.FromMilliseconds(300);

        await harness.CallAsync("line");

        Assert.Contains(harness.Records, r => r.Kind == RecordKinds.ActionRequested);
    }

    [Fact]
    public async Task Buffered_call_passes_while_the_ledger_is_away_and_is_delivered_when_it_is_back()
    {
        await using var harness = await GatewayHarness.PuppetAsync(o => o with { Strict = false });
        harness.Ledger.IsAway = true;

        var answer = await harness.CallAsync("line");
        harness.Ledger.IsAway = false;
        await harness.CloseAsync();

        Assert.NotNull(answer["result"]);
        var requested = await harness.RecordAsync(r => r.Kind == RecordKinds.ActionRequested);
        Assert.False(requested.Body.GetProperty("strict").GetBoolean());
    }

    [Fact]
    public async Task Call_in_a_trail_without_a_key_is_refused_and_others_pass()
    {
        await using var harness = await GatewayHarness.StartAsync("node", [TestPaths.Puppet], keys: new OneKey());
        const string other = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

        var refused = await harness.RequestAsync("tools/call", new JsonObject { ["name"] = "line", ["_meta"] = new JsonObject { ["traceparent"] = other } });
        var passed = await harness.CallAsync("line");
        await harness.CloseAsync();

        Assert.Contains("shredded", (string)refused["error"]!["message"]!, StringComparison.Ordinal);
        Assert.NotNull(passed["result"]);
        Assert.Equal("trail_key_unavailable", Assert.Single(harness.Records, r => r.Kind == RecordKinds.GapDeclared).Body.GetProperty("reason").GetString());
        Assert.Single(harness.Records.Select(r => r.Trace).Distinct());
    }

    [Fact]
    public async Task Call_whose_evidence_nothing_takes_is_refused_even_when_buffered_and_the_loss_declared()
    {
        await using var harness = await GatewayHarness.StartAsync(
            "node", [TestPaths.Puppet], o => o with { Strict = false },
            o => o with { QueueRecords = 4, QueueBytes = 2048, SpoolQuotaBytes = 1, BlockTimeout = TimeSpan.FromMilliseconds(20) });
        harness.Ledger.IsAway = true;
        var refused = 0;
        for (var i = 0; i < 40; i++)
        {
            refused += (await harness.CallAsync("line"))["error"] is { } error && (int)error["code"]! == -31001 ? 1 : 0;
        }

        harness.Ledger.IsAway = false;
        await Task.Delay(500);
        await harness.CallAsync("line");
        await harness.CloseAsync();

        var gap = await harness.RecordAsync(r => r.Kind == RecordKinds.GapDeclared && r.Body.GetProperty("reason").GetString() == "evidence_not_taken");
        var kept = harness.Records.Count(r => r.Kind.StartsWith("action.", StringComparison.Ordinal));
        Assert.InRange(refused, 1, 39);
        Assert.Equal(82, kept + gap.Body.GetProperty("count").GetInt64());
        Assert.Contains("evidence is lost", harness.Log.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A vault that keeps one trail's key and has shredded all others.</summary>
    private sealed class OneKey : Cairn.Sdk.ITrailKeys
    {
        private Cairn.Evidence.TraceId? _only;

        public byte[] KeyFor(Cairn.Evidence.TraceId trace)
        {
            _only ??= trace;
            return _only == trace ? new byte[32] : throw new InvalidOperationException("the key was shredded");
        }
    }

    [Fact]
    public async Task Messages_keep_their_order_while_evidence_is_slow()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.InitializeAsync();
        harness.Ledger.Delay = TimeSpan.FromMilliseconds(100);
        var lines = new StringBuilder();
        for (var i = 100; i < 140; i++)
        {
            lines.Append(i % 2 == 0
                ? $"{{\"jsonrpc\":\"2.0\",\"id\":{i},\"method\":\"tools/call\",\"params\":{{\"name\":\"line\"}}}}\n"
                : $"{{\"jsonrpc\":\"2.0\",\"id\":{i},\"method\":\"ping\"}}\n");
        }

        await harness.SendAsync(Encoding.UTF8.GetBytes(lines.ToString()));

        // The puppet answers each message as it comes.
        for (var i = 100; i < 140; i++)
        {
            Assert.Equal(i, (int)(await harness.ReadMessageAsync())["id"]!);
        }
    }

    [Fact]
    public async Task Parallel_calls_share_few_durable_writes_and_lose_nothing()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.InitializeAsync();
        harness.Ledger.Delay = TimeSpan.FromMilliseconds(50);
        var before = harness.Ledger.Statements;
        const int calls = 400;
        var lines = Enumerable.Range(1000, calls).Select(i => $"{{\"jsonrpc\":\"2.0\",\"id\":{i},\"method\":\"tools/call\",\"params\":{{\"name\":\"sleep\",\"arguments\":{{\"ms\":1}}}}}}\n");

        await harness.SendAsync(Encoding.UTF8.GetBytes(string.Concat(lines)));
        var answered = new HashSet<int>();
        while (answered.Count < calls)
        {
            answered.Add((int)(await harness.ReadMessageAsync())["id"]!);
        }

        await harness.CloseAsync();
        Assert.InRange(harness.Ledger.Statements - before, 1, calls / 4);
        Assert.Equal(calls, harness.Records.Count(r => r.Kind == RecordKinds.ActionRequested));
        Assert.Equal(calls, harness.Records.Where(r => r.Kind == RecordKinds.ActionCompleted).Select(r => r.Body.GetProperty("requested").GetString()).Distinct().Count());
    }
}
