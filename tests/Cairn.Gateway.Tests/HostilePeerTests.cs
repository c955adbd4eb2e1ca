using System.Text;
using System.Text.Json.Nodes;
using Cairn.Evidence.Records;
using Cairn.Gateway.Tests.Harness;

namespace Cairn.Gateway.Tests;

/// <summary>Peers that send what is no message, die, hang or flood.</summary>
public sealed class HostilePeerTests
{
    private static string Reason(Record record) => record.Body.GetProperty("reason").GetString()!;

    private static List<Record> Gaps(GatewayHarness harness) => [.. harness.Records.Where(r => r.Kind == RecordKinds.GapDeclared)];

    private static Record Completed(GatewayHarness harness) => Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionCompleted);

    [Theory]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"", -32700, "malformed_json", "null")]
    [InlineData("{\"id\":1,\"method\":\"ping\",\"params\":{\"a\":1,\"a\":2}}", -32600, "duplicate_member", "1")]
    [InlineData("{\"id\":1,\"method\":\"ping\",\"Method\":\"tools/call\"}", -32600, "ambiguous_member", "1")]
    [InlineData("{\"method\":\"tools/call\",\"params\":{\"name\":\"line\"}}", -32600, "invalid_message", "null")]
    [InlineData("{\"id\":1,\"method\":\"x\",\"params\":\r{\"id\":2,\"method\":\"tools/call\"}\r}", -32600, "embedded_line_end", "1")]
    [InlineData("[]", -32600, "invalid_message", "null")]
    [InlineData("{\"id\":\"\u00ff\",\"method\":\"ping\"}", -32700, "invalid_utf8", "null")]
    public async Task Client_is_told_what_is_wrong_and_the_server_never_sees_it(string line, int code, string reason, string id)
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.SendAsync(Encoding.Latin1.GetBytes(line + "\n"));

        var answer = await harness.ReadMessageAsync();
        var pong = await harness.RequestAsync("ping");
        await harness.CloseAsync();

        Assert.Equal((code, reason), ((int)answer["error"]!["code"]!, (string)answer["error"]!["data"]!["reason"]!));
        Assert.Equal(id, answer["id"]?.ToJsonString() ?? "null");
        Assert.Contains("byte", (string)answer["error"]!["message"]!, StringComparison.Ordinal);
        Assert.NotNull(pong["result"]);
        Assert.Equal(reason, Reason(Assert.Single(Gaps(harness))));
        Assert.DoesNotContain(harness.Records, r => r.Kind == RecordKinds.ActionRequested);
    }

    [Fact]
    public async Task Message_over_the_limit_is_refused_from_the_client_and_passes_whole_from_the_server()
    {
        await using var harness = await GatewayHarness.PuppetAsync(o => o with { MaxMessageBytes = 4096 });
        await harness.SendAsync($$$"""{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"{{{new string('x', 10_000)}}}"}}""");
        var refused = await harness.ReadMessageAsync();
        var big = await harness.CallAsync("big", new() { ["bytes"] = 3_000_000 });
        var pong = await harness.RequestAsync("ping");
        await harness.CloseAsync();

        Assert.Contains("longer than 4096 bytes", (string)refused["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Equal(3_000_000, ((string)big["result"]!["content"]![0]!["text"]!).Length);
        Assert.NotNull(pong["result"]);
        Assert.Equal(["client", "server"], Gaps(harness).Select(g => g.Body.GetProperty("subject").GetString()));
        Assert.All(Gaps(harness), g => Assert.Equal("message_too_large", Reason(g)));
    }

    [Fact]
    public async Task Unasked_answers_pass_and_a_flood_of_them_becomes_few_records()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        var flood = string.Concat(Enumerable.Range(0, 5000).Select(i => $"{{\"jsonrpc\":\"2.0\",\"id\":\"never-{i}\",\"result\":{{}}}}\n"));
        await harness.SendAsync(new JsonObject
        {
            ["id"] = 1,
            ["method"] = "tools/call",
            ["params"] = new JsonObject { ["name"] = "write", ["arguments"] = new JsonObject { ["base64"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(flood)) } },
        }.ToJsonString());
        for (var i = 0; i < 5000; i++)
        {
            Assert.Equal($"never-{i}", (string)(await harness.ReadMessageAsync())["id"]!);
        }

        await harness.AnswerAsync(1);
        await harness.CloseAsync();
        Assert.InRange(Gaps(harness).Count, 2, 10);
        Assert.All(Gaps(harness), g => Assert.Equal("unsolicited_response", Reason(g)));
        Assert.Equal(5000, Gaps(harness).Sum(g => g.Body.GetProperty("count").GetInt64()));
    }

    [Theory]
    [InlineData("exit", 3, "exit code 3")]
    [InlineData("kill", 137, "signal SIGKILL")]
    public async Task Dying_server_leaves_errors_for_the_client_and_lost_actions_in_the_trail(string tool, int exitCode, string ending)
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.InitializeAsync();

        var answer = await harness.CallAsync(tool, new() { ["code"] = 3 });

        Assert.Equal(exitCode, await harness.Run);
        Assert.Equal(-31002, (int)answer["error"]!["code"]!);
        Assert.Contains(ending, (string)answer["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Equal("lost", Completed(harness).Body.GetProperty("status").GetString());
        var outcome = harness.Records[^1].Body;
        Assert.Equal(("failed", $"the server ended: {ending}"), (outcome.GetProperty("status").GetString(), outcome.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task Command_that_is_not_there_ends_the_run_with_a_record_and_exit_code_2()
    {
        await using var harness = await GatewayHarness.StartAsync("/no/such/command", []);

        Assert.Equal(2, await harness.Run);
        Assert.Contains("/no/such/command", harness.Log.ToString(), StringComparison.Ordinal);
        Assert.Equal("failed", harness.Records[^1].Body.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Server_that_ignores_the_end_is_killed_after_the_client_has_gone()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.CallAsync("stubborn");

        Assert.Equal(137, await harness.CloseAsync());
        Assert.Equal("done", harness.Records[^1].Body.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Told_to_end_the_gateway_ends_a_hanging_server_and_records_what_is_lost()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.CallAsync("stubborn");
        await harness.SendAsync("""{"jsonrpc":"2.0","id":99,"method":"tools/call","params":{"name":"never"}}""");
        await harness.RecordAsync(r => r.Kind == RecordKinds.ActionRequested && r.Root.GetProperty("attributes").GetProperty("gen_ai.tool.name").GetString() == "never");

        await harness.TellToEndAsync();

        var last = harness.Records[^1];
        Assert.Equal((RecordKinds.TaskEnded, "cancelled"), (last.Kind, last.Body.GetProperty("status").GetString()));
        Assert.Equal(["ok", "lost"], harness.Records.Where(r => r.Kind == RecordKinds.ActionCompleted).Select(r => r.Body.GetProperty("status").GetString()));
    }

    [Fact]
    public async Task Server_that_reads_nothing_makes_the_client_wait_and_can_still_be_ended()
    {
        await using var harness = await GatewayHarness.PuppetAsync(o => o with { MaxBytesUnderWay = 1024 * 1024 });
        await harness.CallAsync("deaf");
        var line = Encoding.UTF8.GetBytes($"{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\",\"params\":{{\"x\":\"{new string('x', 100_000)}\"}}}}\n");
        var sent = 0;
        var flood = Task.Run(async () =>
        {
            for (; sent < 1000; sent++)
            {
                await harness.SendAsync(line);
            }
        });

        await Task.WhenAny(flood, Task.Delay(1500));

        // The server's pipe, the budget and the harness's own pipe take a few megabytes; then nothing moves.
        Assert.InRange(sent, 5, 60);
        await harness.TellToEndAsync();
    }

    [Fact]
    public async Task Client_that_reads_late_gets_all_of_a_flood()
    {
        await using var harness = await GatewayHarness.PuppetAsync(o => o with { MaxBytesUnderWay = 1024 * 1024 });
        for (var i = 1; i <= 20; i++)
        {
            await harness.SendAsync($$$"""{"jsonrpc":"2.0","id":{{{i}}},"method":"tools/call","params":{"name":"big","arguments":{"bytes":1000000} } }""");
        }

        await Task.Delay(500);

        for (var i = 1; i <= 20; i++)
        {
            var answer = await harness.ReadMessageAsync();
            Assert.Equal((i, 1_000_000), ((int)answer["id"]!, ((string)answer["result"]!["content"]![0]!["text"]!).Length));
        }
    }

    [Fact]
    public async Task Cancelled_call_that_is_never_answered_is_completed_as_cancelled()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.SendAsync("""{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"never"}}""");
        await harness.SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"\u0061","reason":"no more"}}""");

        var completed = await harness.RecordAsync(r => r.Kind == RecordKinds.ActionCompleted);

        Assert.Equal("cancelled", completed.Body.GetProperty("status").GetString());
        Assert.True(completed.Root.GetProperty("attributes").GetProperty("cairn.cancel_requested").GetBoolean());
    }

    [Fact]
    public async Task Answer_to_a_cancelled_call_still_counts()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.SendAsync("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sleep","arguments":{"ms":100}}}""");
        await harness.SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}""");
        await harness.AnswerAsync(1);
        await harness.CloseAsync();

        Assert.Equal("ok", Completed(harness).Body.GetProperty("status").GetString());
        Assert.Empty(Gaps(harness));
    }

    [Fact]
    public async Task Reused_id_gets_its_answers_in_order()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.SendAsync("""{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"line"}}""");
        await harness.SendAsync("""{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"fail"}}""");
        await harness.AnswerAsync(5);
        await harness.AnswerAsync(5);
        await harness.CloseAsync();

        Assert.Equal(["ok", "tool_error"], harness.Records.Where(r => r.Kind == RecordKinds.ActionCompleted).Select(r => r.Body.GetProperty("status").GetString()));
        Assert.Empty(Gaps(harness));
    }

    [Fact]
    public async Task Requests_beyond_the_bound_of_unanswered_ones_are_refused()
    {
        await using var harness = await GatewayHarness.PuppetAsync(o => o with { MaxUnanswered = 3 });
        for (var i = 1; i <= 4; i++)
        {
            await harness.SendAsync($$$"""{"jsonrpc":"2.0","id":{{{i}}},"method":"tools/call","params":{"name":"never"}}""");
        }

        var refused = await harness.ReadMessageAsync();
        Assert.Equal((4, -31003), ((int)refused["id"]!, (int)refused["error"]!["code"]!));
    }
}
