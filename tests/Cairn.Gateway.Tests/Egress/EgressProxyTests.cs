using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Gateway.Egress;
using Cairn.Gateway.Tests.Authority;
using Cairn.Gateway.Tests.Harness;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Tests.Egress;

/// <summary>Real sockets on loopback: what passes, what is refused, and what the evidence says.</summary>
public sealed class EgressProxyTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\nConnection: close\r\n\r\nmarmalade";

    private static string? Text(Record record, string member) => record.Body.TryGetProperty(member, out var value) ? value.GetString() : null;

    private static string Get(OriginServer origin, string path = "/", string more = "") =>
        $"GET http://{origin.Authority}{path} HTTP/1.1\r\nHost: {origin.Authority}\r\n{{auth}}\r\nConnection: close\r\n{more}\r\n";

    private static bool Commits(ProxyBench bench, Record record, string member, string content) => Commitment.Matches(
        HeldCommitment.Parse(record.Body.GetProperty(member)).Value,
        Commitment.CommitmentKey(bench.Evidence.Keys.KeyFor(default), record.Id, member), Encoding.Latin1.GetBytes(content));

    [Fact]
    public async Task Plain_request_passes_and_is_recorded_without_its_content_or_credentials()
    {
        await using var origin = OriginServer.Saying(Ok);
        await using var bench = await ProxyBench.StartAsync();

        var answer = await bench.SendAsync(
            $"POST http://{origin.Authority}/a?token=tangerine HTTP/1.1\r\nHost: {origin.Authority}\r\n{{auth}}\r\nAuthorization: Bearer cloudberry-0123456789\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody");
        var completed = Assert.Single(await bench.CompletedAsync());

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nmarmalade", answer, StringComparison.Ordinal);
        var requested = bench.Evidence.Only(RecordKinds.ActionRequested);
        Assert.Equal(("http.request", $"http://{origin.Authority}/a?token="), (Text(requested, "type"), Text(requested, "resource")));
        Assert.True(Commits(bench, completed, "request_body", "body"));
        Assert.True(Commits(bench, completed, "output", "marmalade"));
        Assert.Equal(200, completed.Root.GetProperty("attributes").GetProperty("http.response.status_code").GetInt32());
        foreach (var secret in new[] { "tangerine", "cloudberry", "marmalade", new Uri(bench.Proxy.Address).UserInfo })
        {
            Assert.DoesNotContain(secret, bench.Evidence.RecordText(), StringComparison.Ordinal);
        }

        var sent = Assert.Single(origin.Requests);
        Assert.StartsWith($"POST /a?token=tangerine HTTP/1.1\r\nHost: {origin.Authority}\r\n", sent, StringComparison.Ordinal);
        Assert.Contains("Authorization: Bearer cloudberry-0123456789\r\n", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("Proxy-Authorization", sent, StringComparison.Ordinal);
        Assert.Contains("Via: 1.1 cairn\r\n", sent, StringComparison.Ordinal);
        Assert.Empty(bench.Evidence.SchemaErrors());
    }

    [Fact]
    public async Task Caller_without_the_password_is_not_served()
    {
        await using var origin = OriginServer.Saying(Ok);
        await using var bench = await ProxyBench.StartAsync();

        var without = await bench.SendAsync(Get(origin).Replace("{auth}\r\n", "", StringComparison.Ordinal));
        var wrong = await bench.SendAsync(Get(origin).Replace("{auth}", $"Proxy-Authorization: Basic {Convert.ToBase64String("cairn:guess"u8)}", StringComparison.Ordinal));
        var twice = await bench.SendAsync(Get(origin, more: "{auth}\r\n"));

        Assert.All([without, wrong, twice], answer => Assert.StartsWith("HTTP/1.1 407 ", answer, StringComparison.Ordinal));
        Assert.Contains("Proxy-Authenticate: Basic", without, StringComparison.Ordinal);
        Assert.Empty(origin.Requests);
        Assert.DoesNotContain(RecordKinds.ActionRequested, bench.Evidence.Kinds);
    }

    [Fact]
    public async Task Trace_context_is_read_and_passed_on_as_the_actions_own_span()
    {
        await using var origin = OriginServer.Saying(Ok);
        await using var bench = await ProxyBench.StartAsync();
        var caller = new TraceParent(TraceId.New(), SpanId.New());

        await bench.SendAsync(Get(origin, more: $"traceparent: {caller}\r\n"));
        await bench.CompletedAsync();

        var requested = bench.Evidence.Only(RecordKinds.ActionRequested);
        Assert.Equal((caller.Trace, (SpanId?)caller.Span), (requested.Trace, requested.Parent));
        Assert.Contains($"traceparent: {new TraceParent(caller.Trace, requested.Span)}\r\n", origin.Requests[0], StringComparison.Ordinal);
        Assert.Single(origin.Requests[0].Split("traceparent").Skip(1));
    }

    [Fact]
    public async Task Tunnel_passes_bytes_both_ways_and_counts_them()
    {
        await using var origin = OriginServer.Doing(async (stream, request) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"heard {request.Length}"));
        });
        await using var bench = await ProxyBench.StartAsync();
        using var connection = await bench.ConnectAsync();

        // The first bytes of the tunnel come with the request already.
        await connection.WriteAsync(Encoding.ASCII.GetBytes($"CONNECT {origin.Authority} HTTP/1.1\r\nHost: {origin.Authority}\r\n{bench.Authorization}\r\n\r\nhello\r\n\r\n"));
        Assert.Equal("HTTP/1.1 200 Connection Established\r\n\r\n", await ProxyBench.ReadUntilAsync(connection, "\r\n\r\n"));
        var rest = await ProxyBench.ReadUntilAsync(connection, "heard 9");
        connection.Socket.Shutdown(SocketShutdown.Send);
        Assert.Equal("", await ProxyBench.ReadAllAsync(connection));
        var completed = Assert.Single(await bench.CompletedAsync());

        Assert.Equal("heard 9", rest);
        Assert.Equal("ok", Text(completed, "status"));
        var attributes = completed.Root.GetProperty("attributes");
        Assert.Equal((9, 7), (attributes.GetProperty("cairn.egress.bytes_sent").GetInt64(), attributes.GetProperty("cairn.egress.bytes_received").GetInt64()));
        Assert.Equal($"connect://{origin.Authority}", Text(completed, "resource"));
        Assert.DoesNotContain("hello", bench.Evidence.RecordText(), StringComparison.Ordinal);
        Assert.Empty(bench.Evidence.SchemaErrors());
    }

    [Fact]
    public async Task Denied_requests_and_tunnels_never_reach_the_host()
    {
        await using var origin = OriginServer.Saying(Ok);
        AuthorizationRequest? asked = null;
        await using var bench = await ProxyBench.StartAsync(request =>
        {
            asked = request;
            return DecidingPolicy.Decision(PolicyOutcome.Deny);
        });

        var plain = await bench.SendAsync(Get(origin, "/x?y=z"));
        using (var input = JsonDocument.Parse(asked!.Arguments))
        {
            Assert.Equal($"http://{origin.Authority}/x?y=z", input.RootElement.GetProperty("uri").GetString());
        }

        var tunnel = await bench.SendAsync($"CONNECT {origin.Authority} HTTP/1.1\r\nHost: {origin.Authority}\r\n{{auth}}\r\n\r\n");

        Assert.All([plain, tunnel], answer =>
        {
            Assert.StartsWith("HTTP/1.1 403 ", answer, StringComparison.Ordinal);
            Assert.Contains("Content-Type: application/problem+json", answer, StringComparison.Ordinal);
            Assert.Contains("because rule 7 says so", answer, StringComparison.Ordinal);
        });
        Assert.Empty(origin.Requests);
        Assert.Equal("CONNECT", asked.ActionName);
        Assert.All(await bench.CompletedAsync(2), record => Assert.Equal("refused", Text(record, "status")));
    }

    [Fact]
    public async Task Request_without_durable_evidence_is_not_sent()
    {
        await using var origin = OriginServer.Saying(Ok);
        await using var bench = await ProxyBench.StartAsync();
        bench.Evidence.Ledger.IsAway = true;

        var answer = await bench.SendAsync(Get(origin));
        bench.Evidence.Ledger.IsAway = false;

        Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
        Assert.Empty(origin.Requests);
    }

    [Theory]
    [InlineData("POST http://{o}/ HTTP/1.1\r\nHost: {o}\r\n{auth}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("POST http://{o}/ HTTP/1.1\r\nHost: {o}\r\n{auth}\r\nContent-Length: 4\r\nContent-Length: 44\r\n\r\nbodyGET /smuggled HTTP/1.1\r\n\r\n", 400)]
    [InlineData("POST http://{o}/ HTTP/1.1\r\nHost: {o}\r\n{auth}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n", 400)]
    [InlineData("POST http://{o}/ HTTP/1.1\r\nHost: {o}\r\n{auth}\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n", 501)]
    [InlineData("POST http://{o}/ HTTP/1.1\r\nHost: {o}\r\n{auth}\r\nX: a\r\n Content-Length: 40\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET http://{o}/ HTTP/1.1\r\nHost: {o}\r\nHost: evil.test\r\n{auth}\r\n\r\n", 400)]
    [InlineData("GET http://{o}/ HTTP/1.1\r\n{auth}\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: {o}\r\n{auth}\r\n\r\n", 400)]
    [InlineData("GET http://{o}/ HTTP/1.1\r\nHost: {o}\r\nVia: 1.1 a, 1.1 cairn\r\n{auth}\r\n\r\n", 508)]
    [InlineData("CONNECT {o} HTTP/1.1\r\nHost: {o}\r\n{auth}\r\nContent-Length: 5\r\n\r\nhello", 400)]
    public async Task Request_that_two_readers_could_take_differently_is_refused_and_nothing_of_it_sent(string request, int status)
    {
        await using var origin = OriginServer.Saying(Ok);
        await using var bench = await ProxyBench.StartAsync();

        var answer = await bench.SendAsync(request.Replace("{o}", origin.Authority, StringComparison.Ordinal));

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Single(answer.Split("HTTP/1.1 ").Skip(1));
        Assert.Empty(origin.Requests);
    }

    [Fact]
    public async Task Host_field_is_the_targets_whatever_the_request_said()
    {
        await using var origin = OriginServer.Saying(Ok);
        await using var bench = await ProxyBench.StartAsync();

        await bench.SendAsync($"GET http://{origin.Authority}/ HTTP/1.1\r\nHost: internal.test\r\n{{auth}}\r\nConnection: close, X-Drop\r\nX-Drop: 1\r\nX-Keep: 1\r\nTE: trailers\r\nUpgrade: websocket\r\n\r\n");

        var sent = Assert.Single(origin.Requests);
        Assert.Contains($"Host: {origin.Authority}\r\n", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("internal.test", sent, StringComparison.Ordinal);
        Assert.Contains("X-Keep: 1", sent, StringComparison.Ordinal);
        Assert.DoesNotMatch("(?i)\r\n(x-drop|te|upgrade):", sent);
    }

    [Fact]
    public async Task Chunked_bodies_are_framed_anew_in_both_directions()
    {
        await using var origin = OriginServer.Saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n3;ext=1\r\nmar\r\n6\r\nmalade\r\n0\r\nX: y\r\n\r\n");
        await using var bench = await ProxyBench.StartAsync();

        var answer = await bench.SendAsync(
            $"POST http://{origin.Authority}/ HTTP/1.1\r\nHost: {origin.Authority}\r\n{{auth}}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nEvil: trailer\r\n\r\n");
        var completed = Assert.Single(await bench.CompletedAsync());

        Assert.DoesNotContain("x=y", origin.Requests[0], StringComparison.Ordinal);
        Assert.DoesNotContain("Evil", origin.Requests[0], StringComparison.Ordinal);
        Assert.DoesNotContain("ext=1", answer, StringComparison.Ordinal);
        Assert.True(Commits(bench, completed, "request_body", "abc"));
        Assert.True(Commits(bench, completed, "output", "marmalade"));
    }

    [Fact]
    public async Task Connection_carries_several_requests_one_after_another()
    {
        await using var origin = OriginServer.Saying(Ok);
        await using var bench = await ProxyBench.StartAsync();
        using var connection = await bench.ConnectAsync();
        var request = Encoding.ASCII.GetBytes(Get(origin).Replace("Connection: close\r\n", "", StringComparison.Ordinal).Replace("{auth}", bench.Authorization, StringComparison.Ordinal));

        await connection.WriteAsync((byte[])[.. request, .. request]);
        var first = await ProxyBench.ReadUntilAsync(connection, "marmalade");
        var second = await ProxyBench.ReadUntilAsync(connection, "marmalade");

        Assert.All([first, second], answer => Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal));
        Assert.Equal(2, (await bench.CompletedAsync(2)).Count);
    }

    [Fact]
    public async Task Interim_responses_pass_before_the_body_is_sent()
    {
        await using var origin = OriginServer.Doing(async (stream, _) =>
        {
            await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray());
            var body = new byte[4];
            await stream.ReadExactlyAsync(body);
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{Encoding.ASCII.GetString(body)}"));
        });
        await using var bench = await ProxyBench.StartAsync();
        using var connection = await bench.ConnectAsync();

        await connection.WriteAsync(Encoding.ASCII.GetBytes($"PUT http://{origin.Authority}/ HTTP/1.1\r\nHost: {origin.Authority}\r\n{bench.Authorization}\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 100 Continue", await ProxyBench.ReadUntilAsync(connection, "\r\n\r\n"), StringComparison.Ordinal);
        await connection.WriteAsync("body"u8.ToArray());

        Assert.EndsWith("body", await ProxyBench.ReadAllAsync(connection), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "protocol_error", "response_malformed")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n", "protocol_error", "response_malformed")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n", "protocol_error", "response_malformed")]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n", "protocol_error", "response_malformed")]
    [InlineData("", "lost", "connection_lost")]
    public async Task Host_that_answers_no_http_is_a_bad_gateway(string response, string status, string code)
    {
        await using var origin = OriginServer.Saying(response);
        await using var bench = await ProxyBench.StartAsync();

        var answer = await bench.SendAsync(Get(origin));
        var completed = Assert.Single(await bench.CompletedAsync());

        Assert.StartsWith("HTTP/1.1 502 ", answer, StringComparison.Ordinal);
        Assert.Equal((status, code), (Text(completed, "status"), completed.Body.GetProperty("error").GetProperty("code").GetString()));
        Assert.Empty(bench.Evidence.SchemaErrors());
    }

    [Fact]
    public async Task Error_status_is_the_hosts_and_recorded_as_such()
    {
        await using var origin = OriginServer.Saying("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        await using var bench = await ProxyBench.StartAsync();

        Assert.StartsWith("HTTP/1.1 404 Not Found", await bench.SendAsync(Get(origin)), StringComparison.Ordinal);
        Assert.Equal("tool_error", Text(Assert.Single(await bench.CompletedAsync()), "status"));
    }

    [Fact]
    public async Task Metadata_addresses_are_refused_and_so_are_names_that_resolve_there()
    {
        await using var bench = await ProxyBench.StartAsync(configure: options => options with { Resolve = (_, _) => Task.FromResult(new[] { IPAddress.Loopback, IPAddress.Parse("169.254.169.254") }) });
        static string Metadata(string host) => $"GET http://{host}/latest HTTP/1.1\r\nHost: {host}\r\n{{auth}}\r\n\r\n";

        Assert.StartsWith("HTTP/1.1 403 ", await bench.SendAsync(Metadata("169.254.169.254")), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 403 ", await bench.SendAsync(Metadata("rebound.test")), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 403 ", await bench.SendAsync("CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n{auth}\r\n\r\n"), StringComparison.Ordinal);
        Assert.All(await bench.CompletedAsync(3), record => Assert.Equal("address_guarded", record.Body.GetProperty("error").GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData("169.254.169.254", true, true)]
    [InlineData("metadata.google.internal", true, true)]
    [InlineData("169.254.169.254", false, false)]
    [InlineData("rebound.test", true, false)]
    public void Metadata_address_takes_a_policy_that_binds_and_its_own_name(string host, bool isAllowed, bool passes)
    {
        // Checked without connecting: such an address may well answer where the tests run.
        var upstream = new Upstream(
            new ProxyOptions { Agent = SpiffeId.Parse("spiffe://test.local/agent/a"), Owner = "", Password = ProxyPassword.New() }, () => new IPEndPoint(IPAddress.Loopback, 1));

        var problem = Xunit.Record.Exception(() => upstream.Check(new Target(host, 80, host, "/"), [IPAddress.Parse("169.254.169.254")], isAllowed));

        Assert.Equal(passes, problem is null);
    }

    [Fact]
    public async Task Proxy_does_not_connect_to_itself()
    {
        await using var bench = await ProxyBench.StartAsync();

        Assert.StartsWith("HTTP/1.1 508 ", await bench.SendAsync($"CONNECT {bench.Proxy.Place} HTTP/1.1\r\nHost: x\r\n{{auth}}\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Header_that_does_not_come_or_is_too_long_is_not_waited_for()
    {
        await using var bench = await ProxyBench.StartAsync(configure: options => options with { HeadTimeout = TimeSpan.FromMilliseconds(300), LongestHead = 2048 });

        Assert.StartsWith("HTTP/1.1 408 ", await bench.SendAsync("GET http://a/ HTTP/1.1\r\nX: slow"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431 ", await bench.SendAsync($"GET http://a/ HTTP/1.1\r\nX: {new string('a', 4000)}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bodies_of_any_size_pass_without_being_held()
    {
        const int Size = 24 * 1024 * 1024;
        await using var origin = OriginServer.Doing(async (stream, _) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {Size}\r\n\r\n"));
            await stream.WriteAsync(new byte[Size]);
        });
        await using var bench = await ProxyBench.StartAsync(capture: CaptureProfile.Full);

        var answer = await bench.SendAsync(Get(origin));
        var output = Assert.Single(await bench.CompletedAsync()).Body.GetProperty("output");

        Assert.EndsWith("\0\0", answer, StringComparison.Ordinal);
        Assert.Equal((Size, "none"), (output.GetProperty("bytes").GetInt64(), output.GetProperty("content").GetString()));
    }

    [Fact]
    public async Task Connections_beyond_the_bound_wait_for_their_turn()
    {
        await using var origin = OriginServer.Saying(Ok);
        await using var bench = await ProxyBench.StartAsync(configure: options => options with { MaxConnections = 1 });
        using var first = await bench.ConnectAsync();
        await first.WriteAsync("GET"u8.ToArray());

        var waiting = bench.SendAsync(Get(origin));
        await Task.Delay(300);
        Assert.False(waiting.IsCompleted);
        first.Close();

        Assert.StartsWith("HTTP/1.1 200 ", await waiting, StringComparison.Ordinal);
    }

    [Fact]
    public async Task End_of_the_run_completes_what_is_under_way_and_the_task()
    {
        await using var origin = OriginServer.Doing(async (_, _) => await Task.Delay(2000));
        await using var bench = await ProxyBench.StartAsync();
        var hanging = bench.SendAsync(Get(origin));
        while (origin.Requests.Count == 0)
        {
            await Task.Delay(20);
        }

        await bench.Proxy.EndAsync("done", null);
        await hanging;

        Assert.Equal("cancelled", Text(bench.Evidence.Only(RecordKinds.ActionCompleted), "status"));
        Assert.Equal(RecordKinds.TaskEnded, bench.Evidence.Kinds.Last());
        Assert.Empty(bench.Evidence.SchemaErrors());
    }

    [Fact]
    public async Task Proxy_listens_on_this_machine_alone()
    {
        await using var evidence = await EmitterBench.StartAsync();

        Assert.Throws<ArgumentException>(() => EgressProxy.Start(
            new ProxyOptions { Agent = SpiffeId.Parse("spiffe://test.local/agent/a"), Owner = "", Listen = new IPEndPoint(IPAddress.Any, 0), Password = ProxyPassword.New() },
            evidence.Deciding(), evidence.Emitter, evidence.Keys, evidence.Log));
    }
}
