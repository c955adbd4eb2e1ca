using System.Text;
using System.Text.Json.Nodes;
using Cairn.Evidence.Records;
using Cairn.Gateway.Tests.Harness;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Tests.Authority;

/// <summary>The server gets the credential that the policy grants, in the call's own metadata, and nobody else does.</summary>
public sealed class GuardedCredentialTests : IDisposable
{
    private const string ClientsOwn = "a-token-that-the-client-brought";

    private readonly string _folder = TestPaths.Scratch();

    private string Mark => Path.Combine(_folder, "mark");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static PolicyDecision Granting(AuthorizationRequest request) => DecidingPolicy.Decision(PolicyOutcome.Allow) with
    {
        Credential = request.ActionName is "line" or "mark" or "fail" or "sleep" ? new CredentialRule("bank", "https://bank.test", ["pay"], TimeSpan.FromMinutes(1), PerTask: false) : null,
    };

    private static string Seen(JsonObject answer) => Encoding.UTF8.GetString(Convert.FromBase64String((string)answer["result"]!["content"]![0]!["text"]!));

    [Fact]
    public async Task Credential_stands_in_the_calls_metadata_beside_the_trace_parent_and_nothing_else_changes()
    {
        await using var harness = await GatewayHarness.DecidingAsync(Granting, new ScriptedCredentials());
        await harness.SendAsync("""{"id":1, "method":"tools/call","params":{"name":"line","_meta":{"x" : 1e2}}}""");

        var seen = Seen(await harness.ReadMessageAsync());

        var requested = await harness.RecordAsync(r => r.Kind == RecordKinds.ActionRequested);
        Assert.Equal(
            $$$$"""{"id":1, "method":"tools/call","params":{"name":"line","_meta":{"traceparent":"00-{{{{requested.Trace}}}}-{{{{requested.Span}}}}-01","cairn/credential":{"token":"{{{{ScriptedCredentials.Token}}}}","token_type":"Bearer"},"x" : 1e2}}}""" + "\n",
            seen);
        Assert.Equal("jti-1", requested.Body.GetProperty("credential").GetString());
    }

    [Theory]
    [InlineData("line", "\"_meta\":{\"traceparent\":\"P\",\"x\":1,\"cairn/credential\":{\"token\":\"T\",\"token_type\":\"Bearer\"}}")]
    [InlineData("env", null)]
    public async Task Clients_own_value_never_reaches_the_server(string tool, string? expected)
    {
        await using var harness = await GatewayHarness.DecidingAsync(
            r => Granting(r) with { Credential = tool == "line" ? Granting(r).Credential : null }, new ScriptedCredentials());
        await harness.SendAsync($$$$"""{"id":1,"method":"tools/call","params":{"name":"line","_meta":{"traceparent":"odd","x":1,"cairn/credential":"{{{{ClientsOwn}}}}"} } }""");

        var seen = Seen(await harness.ReadMessageAsync());

        var requested = await harness.RecordAsync(r => r.Kind == RecordKinds.ActionRequested);
        var meta = expected ?? "\"_meta\":{\"traceparent\":\"P\",\"x\":1}";
        Assert.Contains(
            meta.Replace("\"P\"", $"\"00-{requested.Trace}-{requested.Span}-01\"", StringComparison.Ordinal).Replace("\"T\"", $"\"{ScriptedCredentials.Token}\"", StringComparison.Ordinal), seen);
    }

    [Fact]
    public async Task Clients_own_value_is_taken_out_of_requests_that_are_no_actions_too()
    {
        await using var harness = await GatewayHarness.DecidingAsync(Granting, new ScriptedCredentials());
        await harness.SendAsync($$$$"""{"id":1,"method":"completion/complete","params":{"a":1,"_meta":{"cairn/credential":"{{{{ClientsOwn}}}}"} } }""");
        await harness.ReadMessageAsync();
        await harness.SendAsync($$$$"""{"id":2,"method":"x/raw","params":{"_meta":{"cairn/credential":"{{{{ClientsOwn}}}}","b":2}}}""");
        var seen = Encoding.UTF8.GetString(Convert.FromBase64String((string)(await harness.ReadMessageAsync())["result"]!["base64"]!));

        Assert.Equal("""{"id":2,"method":"x/raw","params":{"_meta":{"b":2}}}""" + "\n", seen);
    }

    [Theory]
    [InlineData(CaptureProfile.Metadata)]
    [InlineData(CaptureProfile.Full)]
    public async Task No_token_is_in_any_record_log_file_or_kept_content(CaptureProfile capture)
    {
        await using var harness = await GatewayHarness.DecidingAsync(
            Granting, new ScriptedCredentials(), o => o with { Capture = capture, SubjectToken = "the-subject-token-of-alice" });
        await harness.InitializeAsync();

        // The server echoes its credential in clear, as an error and as a result; the client brought one of its own where the whole of params is the input.
        await harness.CallAsync("fail", new() { ["text"] = ScriptedCredentials.Token });
        await harness.CallAsync("line");
        await harness.RequestAsync("resources/read", new JsonObject { ["uri"] = "file:///a", ["_meta"] = new JsonObject { ["cairn/credential"] = ClientsOwn } });
        await harness.CloseAsync();

        string[] planted = [ScriptedCredentials.Token, ClientsOwn, "the-subject-token-of-alice"];
        Assert.NotEmpty(harness.Records);
        foreach (var token in planted)
        {
            Assert.All(harness.Records, r => Assert.DoesNotContain(token, Encoding.UTF8.GetString(r.Bytes.Span), StringComparison.Ordinal));
            Assert.DoesNotContain(token, harness.Log.ToString(), StringComparison.Ordinal);
            foreach (var file in Directory.EnumerateFiles(harness.Data, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)))
            {
                Assert.False(Holds(file, token), $"{file} holds {token}");
            }
        }

        byte[] key = [.. Enumerable.Repeat((byte)7, 32)];
        var outputs = harness.Ledger.Contents.Where(c => c.Member == "output").Select(c => Encoding.UTF8.GetString(c.Open(key)));
        Assert.All(outputs, text => Assert.DoesNotContain(ScriptedCredentials.Token, text, StringComparison.Ordinal));
        Assert.All(harness.Ledger.Contents, c => Assert.DoesNotContain(ClientsOwn, Encoding.UTF8.GetString(c.Open(key)), StringComparison.Ordinal));
    }

    private static bool Holds(string file, string token)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(token)) >= 0;
    }

    [Fact]
    public async Task Broker_that_is_down_refuses_the_call_and_the_model_is_told()
    {
        await using var harness = await GatewayHarness.DecidingAsync(Granting, new ScriptedCredentials { IsDown = true });

        var answer = await harness.CallAsync("mark", new() { ["file"] = Mark });

        Assert.Equal("credential_refused", (string)answer["result"]!["_meta"]!["cairn/refusal"]!["reason"]!);
        Assert.Contains("the broker is down", (string)answer["result"]!["content"]![0]!["text"]!, StringComparison.Ordinal);
        Assert.False(File.Exists(Mark));
    }

    [Fact]
    public async Task Credential_revoked_between_decision_and_use_refuses_the_call()
    {
        await using var harness = await GatewayHarness.DecidingAsync(Granting, new ScriptedCredentials { IsActive = () => false });

        var answer = await harness.CallAsync("mark", new() { ["file"] = Mark });
        await harness.CloseAsync();

        Assert.Equal("credential_refused", (string)answer["result"]!["_meta"]!["cairn/refusal"]!["reason"]!);
        Assert.False(File.Exists(Mark));
        Assert.DoesNotContain(harness.Records, r => r.Kind == RecordKinds.CredentialUsed);
        Assert.Equal("refused", Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionCompleted).Body.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Credential_that_expires_in_mid_call_is_told_with_the_outcome()
    {
        await using var harness = await GatewayHarness.DecidingAsync(
            r => Granting(r) with { Credential = new CredentialRule("bank", "https://bank.test", ["pay"], TimeSpan.FromMilliseconds(400), PerTask: false) }, new ScriptedCredentials());

        await harness.CallAsync("sleep", new() { ["ms"] = 800 });
        await harness.CloseAsync();

        var completed = Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionCompleted);
        Assert.Equal("ok", completed.Body.GetProperty("status").GetString());
        Assert.True(completed.Root.GetProperty("attributes").GetProperty("cairn.credential.expired_during_action").GetBoolean());
    }

    [Fact]
    public async Task Call_without_a_place_for_its_credential_is_refused()
    {
        await using var harness = await GatewayHarness.DecidingAsync(Granting, new ScriptedCredentials());
        await harness.SendAsync("""{"id":1,"method":"tools/call","params":{"name":"line","_meta":null}}""");

        var answer = await harness.ReadMessageAsync();

        Assert.Contains("no place", (string)answer["result"]!["content"]![0]!["text"]!, StringComparison.Ordinal);
    }
}
