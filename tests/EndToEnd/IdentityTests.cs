using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace Cairn.EndToEnd;

/// <summary>Identities over the Workload API's socket, and an authority that changes its key, with the real program.</summary>
public class IdentityTests
{
    [Fact]
    public async Task Gateway_takes_its_identity_from_the_socket_and_the_ledger_knows_what_the_kernel_said()
    {
        using var folder = new TemporaryFolder();
        await MakeAsync(folder);
        await RunAsync("identity", "entry", "add", "spiffe://cairn.local/gateway/billing", "--selector", $"unix:uid:{Uid()}", "--owner", "team-billing", "--ttl", "4s", "--data", folder["data"]);
        using var identities = await ServeAsync(folder);

        var shown = JsonDocument.Parse((await RunAsync("identity", "show", "--spiffe-socket", folder["w.sock"], "--output", "json")).Output).RootElement;
        Assert.Equal("spiffe://cairn.local/gateway/billing", shown.GetProperty("identities")[0].GetProperty("spiffe_id").GetString());

        await using (var server = await WrappedServer.StartAsync(folder["data"], [], WrappedServer.Everything, start => start.Environment["SPIFFE_ENDPOINT_SOCKET"] = $"unix://{folder["w.sock"]}"))
        {
            await server.EchoAsync("before");
            await Task.Delay(TimeSpan.FromSeconds(5)); // longer than one SVID lasts
            var answer = await server.EchoAsync("after");
            Assert.Contains("after", Assert.IsType<TextContentBlock>(answer.Content[0]).Text);
            Assert.Equal(0, await server.CloseAsync());
        }

        await StopAsync(identities);
        Assert.Empty(RecordSchemas.Errors(await Recorded.ReadAsync(folder["data"])));
        var trails = await TrailsAsync(folder);
        var call = trails.Single(one => one.Records.Count(record => Text(record, "kind") == "action.requested" && Text(record.GetProperty("action"), "resource").EndsWith("echo", StringComparison.Ordinal)) == 2);
        Assert.True((await CairnProgram.RunAsync("verify", call.Path, "--trust", folder["trust.policy"])).ExitCode == 0);

        var enrolled = trails.SelectMany(one => one.Records).Where(record => Text(record, "kind") == "ledger.enrolled").Select(record => record.GetProperty("ledger")).ToList();
        Assert.All(enrolled, one => Assert.Equal("unix-peer", Text(one, "method")));
        Assert.Contains(enrolled, one => Text(one, "owner") == "team-billing" && one.GetProperty("peer").GetProperty("uid").GetInt64() == Uid() && Text(one.GetProperty("peer"), "path").EndsWith("/cairn", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Trail_from_after_a_change_of_the_authority_s_key_verifies_under_the_policy_of_before()
    {
        using var folder = new TemporaryFolder();
        await MakeAsync(folder);
        await RunAsync("identity", "rotate", "--data", folder["data"]);
        await CallAsync(folder, "after the rotation");
        await RunAsync("identity", "retire", "--now", "--data", folder["data"]);
        await CallAsync(folder, "after the removal");

        var trails = await TrailsAsync(folder);

        Assert.True(trails.Count >= 5);
        Assert.All(trails, one => Assert.Contains("trust.jsonl", one.Files));
        foreach (var one in trails)
        {
            var verified = await CairnProgram.RunAsync("verify", one.Path, "--trust", folder["trust.policy"]);
            Assert.True(verified.ExitCode == 0, verified.ToString());
        }

        Assert.Empty(RecordSchemas.Errors(await Recorded.ReadAsync(folder["data"])));
        Assert.Equal(0, (await CairnProgram.RunAsync("fsck", "--data", folder["data"])).ExitCode);
    }

    [Fact]
    public async Task Federated_trust_domain_s_bundle_comes_along_and_is_in_the_ledger_but_gives_a_verifier_no_trust()
    {
        using var folder = new TemporaryFolder();
        await MakeAsync(folder);
        await File.WriteAllTextAsync(folder["other.json"], """{"keys":[]}""");
        await RunAsync("identity", "federate", "example.org", folder["other.json"], "--data", folder["data"]);
        await RunAsync("identity", "federate", "example.org", "--remove", "--data", folder["data"]);

        var trails = await TrailsAsync(folder);

        var changes = trails.SelectMany(one => one.Records).Where(record => Text(record, "kind") == "ledger.trust_changed").Select(record => record.GetProperty("ledger")).ToList();
        Assert.Contains(changes, change => Text(change, "trust_domain") == "example.org" && Text(change, "reason") == "federation");
        foreach (var one in trails)
        {
            Assert.Equal(0, (await CairnProgram.RunAsync("verify", one.Path, "--trust", folder["trust.policy"])).ExitCode);
        }
    }

    [Fact]
    public async Task Root_whose_certificates_may_still_last_is_not_retired_by_mistake()
    {
        using var folder = new TemporaryFolder();
        await MakeAsync(folder);
        await RunAsync("identity", "rotate", "--data", folder["data"]);

        var refused = await CairnProgram.RunAsync("identity", "retire", "--data", folder["data"]);

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("may last until", refused.Messages);
    }

    [Fact]
    public async Task Socket_that_nobody_serves_is_named_and_nothing_is_recorded_under_another_identity()
    {
        using var folder = new TemporaryFolder();
        await MakeAsync(folder);

        var refused = await CairnProgram.RunAsync(["mcp", "--data", folder["data"], "--spiffe-socket", folder["absent.sock"], "--", .. WrappedServer.Everything]);
        var doctor = CairnProgram.Start("doctor", "--data", folder["data"]);
        doctor.Environment["SPIFFE_ENDPOINT_SOCKET"] = $"unix://{folder["absent.sock"]}";
        var examined = await CairnProgram.RunAsync(doctor);

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("absent.sock", refused.Messages);
        Assert.Equal(1, examined.ExitCode);
        Assert.Contains("absent.sock", examined.Output);
    }

    /// <summary>A data directory with a trail, and its trust policy as it is now.</summary>
    private static async Task MakeAsync(TemporaryFolder folder)
    {
        await CallAsync(folder, "first");
        await File.WriteAllTextAsync(folder["trust.policy"], (await RunAsync("keys", "--data", folder["data"])).Output);
    }

    private static async Task CallAsync(TemporaryFolder folder, string message)
    {
        await using var server = await WrappedServer.EverythingAsync(folder["data"]);
        await server.EchoAsync(message);
        Assert.Equal(0, await server.CloseAsync());
    }

    private static async Task<Process> ServeAsync(TemporaryFolder folder)
    {
        var process = Process.Start(CairnProgram.Start("identity", "serve", "--data", folder["data"], "--socket", folder["w.sock"]))!;
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            if (line.Contains("serving identities", StringComparison.Ordinal))
            {
                _ = process.StandardError.ReadToEndAsync();
                return process;
            }
        }

        throw new InvalidOperationException("cairn identity serve ended before it served");
    }

    private static async Task StopAsync(Process process)
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    private static async Task<List<Exported>> TrailsAsync(TemporaryFolder folder)
    {
        var listed = JsonDocument.Parse((await RunAsync("trails", "--data", folder["data"], "--output", "json")).Output).RootElement;
        var trails = new List<Exported>();
        foreach (var one in (listed.ValueKind == JsonValueKind.Array ? listed : listed.GetProperty("trails")).EnumerateArray())
        {
            var path = folder[$"{Text(one, "trace")}.zip"];
            await RunAsync("export", Text(one, "trace"), "--data", folder["data"], "-o", path);
            trails.Add(new Exported(path));
        }

        return trails;
    }

    private static async Task<Outcome> RunAsync(params string[] arguments)
    {
        var outcome = await CairnProgram.RunAsync(arguments);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        return outcome;
    }

    private static long Uid() => long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1]);

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private sealed record Exported(string Path)
    {
        public IReadOnlyList<string> Files
        {
            get
            {
                using var zip = ZipFile.OpenRead(Path);
                return [.. zip.Entries.Select(entry => entry.FullName)];
            }
        }

        public IReadOnlyList<JsonElement> Records => [.. System.Text.Encoding.UTF8.GetString(Bundle("records.jsonl")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

        public byte[] Bundle(string name)
        {
            using var zip = ZipFile.OpenRead(Path);
            using var content = zip.GetEntry(name)!.Open();
            using var bytes = new MemoryStream();
            content.CopyTo(bytes);
            return bytes.ToArray();
        }
    }
}
