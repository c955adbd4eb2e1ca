using System.Diagnostics;
using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity.Files;
using Cairn.Ledger;

namespace Cairn.EndToEnd;

public class ErasureTests
{
    private const string Marker = "quince-51c0-elderberry";
    private const string Neighbour = "rhubarb-88d2-gooseberry";

    [Fact]
    public async Task Shredded_content_is_in_no_file_and_no_backup_opens_it_and_both_verifiers_still_verify()
    {
        using var folder = new TemporaryFolder();
        var (trace, other) = (await CallAsync(folder, Marker), await CallAsync(folder, Neighbour));
        byte[] key, kept;
        using (var vault = TrailVault.Open(LedgerDirectory.Open(folder["data"]).VaultPath))
        {
            Assert.True(vault.TryGet(TraceId.Parse(trace), out key));
            Assert.True(vault.TryGet(TraceId.Parse(other), out kept));
        }

        await OkAsync("find", "--string", Marker, "--data", folder["data"]);
        Backup(folder["data"], folder["backup"]);

        var shred = await OkAsync("shred", trace, "--by", "dpo@example.org", "--reason", "erasure request 9", "--data", folder["data"]);

        Assert.Contains("is destroyed", shred.Messages);
        foreach (var place in new[] { folder["data"], folder["backup"] })
        {
            Assert.Empty(TemporaryFolder.FilesHolding(place, Marker, Convert.ToHexString(key), Convert.ToHexStringLower(key), Convert.ToBase64String(key)));
            Assert.DoesNotContain(Directory.EnumerateFiles(place, "*", SearchOption.AllDirectories), file => File.ReadAllBytes(file).AsSpan().IndexOf(key) >= 0);
        }

        // The whole backup with the only key-encryption key that is left: it opens nothing.
        File.Copy(Path.Combine(folder["data"], TrailVault.DefaultKeyFile), Path.Combine(folder["backup"], TrailVault.DefaultKeyFile));
        var restored = await CairnProgram.RunAsync("export", trace, "--content", "--data", folder["backup"], "-o", folder["restored.zip"]);
        Assert.True(restored.ExitCode == 2, restored.ToString());
        Assert.Contains("is not the key-encryption key", restored.Messages);

        var export = await OkAsync("export", trace, "--content", "--data", folder["data"], "-o", folder["trail.zip"]);
        Assert.Contains("0 disclosed contents", export.Messages);
        Assert.Contains("shredded on", export.Messages);
        await VerifyByBothAsync(folder, folder["trail.zip"]);

        foreach (var command in new[] { "show", "explain" })
        {
            Assert.Contains("by dpo@example.org (erasure request 9)", (await OkAsync(command, trace, "--data", folder["data"])).Output);
        }

        Assert.Contains("content_shredded", (await OkAsync("show", trace, "--output", "json", "--data", folder["data"])).Output);
        Assert.Contains("shredded on", (await OkAsync("replay", trace, "--step", "1", "--data", folder["data"])).Messages);
        Assert.Contains("nothing to do", (await OkAsync("shred", trace, "--data", folder["data"])).Messages);
        await OkAsync("vault", "status", "--data", folder["data"]);
        await OkAsync("fsck", "--data", folder["data"]);

        using (var vault = TrailVault.Open(LedgerDirectory.Open(folder["data"]).VaultPath))
        {
            Assert.True(vault.TryGet(TraceId.Parse(other), out var still));
            Assert.Equal(kept, still);
        }

        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Equal(2, records.Count(record => record.Kind == RecordKinds.LedgerShredded));
        Assert.Empty(RecordSchemas.Errors(records));
    }

    [Fact]
    public async Task Erased_content_is_told_of_by_its_tombstone_in_bundle_report_and_search()
    {
        using var folder = new TemporaryFolder();
        var trace = await CallAsync(folder, Marker);
        await OkAsync("export", trace, "--data", folder["data"], "-o", folder["before.zip"]);
        await OkAsync("shred", trace, "--by", "dpo@example.org", "--reason", "erasure request 9", "--data", folder["data"]);
        var hold = (await OkAsync("hold", "add", trace, "--by", "counsel@example.org", "--reason", "case 12", "--data", folder["data"])).Output.Trim();
        var tombstone = (await Recorded.ReadAsync(folder["data"])).Last(record => record.Kind == RecordKinds.LedgerShredded).Id.ToString();

        await OkAsync("export", trace, "--data", folder["data"], "-o", folder["trail.zip"]);

        await VerifyByBothAsync(folder, folder["trail.zip"]);
        Assert.Contains($"by dpo@example.org (erasure request 9); the records verify as before. Record {tombstone}", (await OkAsync("verify", folder["trail.zip"], "--trust", folder["trust.policy"])).Output);
        Assert.DoesNotContain("shredded", (await OkAsync("verify", folder["before.zip"], "--trust", folder["trust.policy"])).Output);
        System.IO.Compression.ZipFile.ExtractToDirectory(folder["trail.zip"], folder["bundle"]);
        var report = await File.ReadAllTextAsync(Path.Combine(folder["bundle"], "report.html"), TestContext.Current.CancellationToken);
        Assert.Contains("<dt>Content</dt><dd>erased on ", report);
        Assert.Contains($"by dpo@example.org (erasure request 9), by record {tombstone}", report);
        await OkAsync("report", trace, "--data", folder["data"], "-o", folder["again.html"]);
        Assert.Contains(tombstone, await File.ReadAllTextAsync(folder["again.html"], TestContext.Current.CancellationToken));

        var found = await OkAsync("find", "--string", $$"""{"message":"{{Marker}}"}""", "--data", folder["data"]);
        // The terminal's width is not the text's.
        var said = System.Text.RegularExpressions.Regex.Replace(found.ToString(), "\\s+", " ");
        Assert.Contains("not tested: 1 commitment", said);
        Assert.Contains($"by dpo@example.org (erasure request 9); the records verify as before. Record {tombstone}", said);
        Assert.Contains("under a legal hold: counsel@example.org holds it since", said);
        using var json = System.Text.Json.JsonDocument.Parse((await OkAsync("find", "--string", $$"""{"message":"{{Marker}}"}""", "--format", "json", "--data", folder["data"])).Output);
        var told = Assert.Single(json.RootElement.GetProperty("trails").EnumerateArray());
        Assert.Equal((trace, tombstone, hold), (told.GetProperty("trace").GetString(), told.GetProperty("content_shredded").GetProperty("record").GetString(), told.GetProperty("holds")[0].GetProperty("hold").GetString()));
    }

    [Fact]
    public async Task A_legal_hold_blocks_shredding_and_says_who_holds_until_it_is_lifted()
    {
        using var folder = new TemporaryFolder();
        var trace = await CallAsync(folder, Marker);
        var hold = (await OkAsync("hold", "add", trace, "--by", "counsel@example.org", "--reason", "case 12", "--data", folder["data"])).Output.Trim();

        var refused = await CairnProgram.RunAsync("shred", trace, "--data", folder["data"]);

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("counsel@example.org holds it since", refused.Messages);
        Assert.Contains("case 12", refused.Messages);
        Assert.False(TrailVault.IsShredded(LedgerDirectory.Open(folder["data"]).VaultPath, TraceId.Parse(trace)));
        Assert.Contains(hold, (await OkAsync("hold", "list", "--data", folder["data"])).Output);

        await OkAsync("hold", "release", trace, "--by", "counsel@example.org", "--reason", "settled", "--data", folder["data"]);
        Assert.DoesNotContain(hold, (await OkAsync("hold", "list", "--data", folder["data"])).Output);
        Assert.Contains("settled", (await OkAsync("hold", "list", "--all", "--data", folder["data"])).Output);
        await OkAsync("shred", trace, "--data", folder["data"]);

        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
    }

    [Fact]
    public async Task A_vault_that_knows_nothing_of_a_shredding_is_named_and_the_same_command_completes_it()
    {
        using var folder = new TemporaryFolder();
        var trace = await CallAsync(folder, Marker);
        await OkAsync("shred", trace, "--by", "dpo@example.org", "--reason", "request 9", "--data", folder["data"]);
        // As in a vault restored from before.
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={LedgerDirectory.Open(folder["data"]).VaultPath};Pooling=false"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"DELETE FROM trail WHERE trace = '{trace}'";
            command.ExecuteNonQuery();
        }

        var status = await CairnProgram.RunAsync("vault", "status", "--data", folder["data"]);
        Assert.Equal(1, status.ExitCode);
        Assert.Contains("NOT SHREDDED", status.Output);

        await OkAsync("shred", trace, "--data", folder["data"]);
        await OkAsync("vault", "status", "--data", folder["data"]);
    }

    [Fact]
    public async Task A_shredding_that_was_killed_between_its_record_and_the_destruction_is_named_and_completed()
    {
        using var folder = new TemporaryFolder();
        var trace = await CallAsync(folder, Marker);
        var vault = LedgerDirectory.Open(folder["data"]).VaultPath;
        // The destruction waits for the vault's lock, so that the program can be killed exactly there.
        using (FileLock.Take($"{vault}.lock", TimeSpan.FromSeconds(10)))
        {
            using var process = Process.Start(CairnProgram.Start("shred", trace, "--by", "dpo@example.org", "--reason", "request 9", "--data", folder["data"]))!;
            var until = Environment.TickCount64 + 60_000;
            while (Environment.TickCount64 < until && !await HasBegunAsync(folder["data"]))
            {
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }

            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.False(TrailVault.IsShredded(vault, TraceId.Parse(trace)));
        var status = await CairnProgram.RunAsync("vault", "status", "--data", folder["data"]);
        Assert.True(status.ExitCode == 1, status.ToString());
        Assert.Contains($"NOT SHREDDED: {trace}", status.Output);

        await OkAsync("shred", trace, "--data", folder["data"]);

        Assert.True(TrailVault.IsShredded(vault, TraceId.Parse(trace)));
        Assert.Equal(
            ["begun dpo@example.org", "done dpo@example.org"],
            (await Recorded.ReadAsync(folder["data"])).Where(record => record.Kind == RecordKinds.LedgerShredded)
                .Select(record => $"{record.Body.GetProperty("state").GetString()} {record.Body.GetProperty("by").GetString()}"));
        await OkAsync("vault", "status", "--data", folder["data"]);
    }

    [Fact]
    public async Task Rotation_and_protection_leave_content_as_it_was_and_every_command_needs_the_passphrase_then()
    {
        using var folder = new TemporaryFolder();
        var trace = await CallAsync(folder, Marker);
        await OkAsync("vault", "rotate", "--data", folder["data"]);
        await File.WriteAllTextAsync(folder["passphrase"], "correct horse battery staple\n", TestContext.Current.CancellationToken);
        await OkAsync("vault", "protect", "--file", folder["elsewhere.kek"], "--passphrase-file", folder["passphrase"], "--data", folder["data"]);

        var refused = await CairnProgram.RunAsync("export", trace, "--content", "--data", folder["data"], "-o", folder["trail.zip"]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("CAIRN_VAULT_PASSPHRASE_FILE", refused.Messages);
        var start = CairnProgram.Start("export", trace, "--content", "--data", folder["data"], "-o", folder["trail.zip"]);
        start.Environment["CAIRN_VAULT_PASSPHRASE_FILE"] = folder["passphrase"];
        var export = await CairnProgram.RunAsync(start);
        Assert.True(export.ExitCode == 0, export.ToString());
        System.IO.Compression.ZipFile.ExtractToDirectory(folder["trail.zip"], folder["bundle"]);
        Assert.NotEmpty(TemporaryFolder.FilesHolding(folder["bundle"], Marker));
        Assert.Empty(RecordSchemas.Errors(await Recorded.ReadAsync(folder["data"])));
    }

    [Fact]
    public async Task Disclosure_opens_the_chosen_content_and_nothing_in_the_bundle_opens_a_neighbour()
    {
        using var folder = new TemporaryFolder();
        var trace = await CallAsync(folder, Marker, Neighbour);
        var records = await Recorded.ReadAsync(folder["data"]);
        var asked = records.First(record => record.Kind == RecordKinds.ActionRequested && record.Trace.ToString() == trace);

        await OkAsync("disclose", trace, "--record", $"{asked.Id}:input", "--purpose", "case 12", "--data", folder["data"], "-o", folder["one.zip"]);

        System.IO.Compression.ZipFile.ExtractToDirectory(folder["one.zip"], folder["bundle"]);
        var line = Assert.Single(await File.ReadAllLinesAsync(Path.Combine(folder["bundle"], "content.jsonl"), TestContext.Current.CancellationToken));
        Assert.Contains(asked.Id.ToString(), line);
        Assert.NotEmpty(TemporaryFolder.FilesHolding(folder["bundle"], Marker));
        Assert.Empty(TemporaryFolder.FilesHolding(folder["bundle"], Neighbour));
        await VerifyByBothAsync(folder, folder["one.zip"]);

        // The one key that was handed out, tried on all that the ledger keeps sealed, opens nothing: not even the chosen content's ciphertext.
        using var json = System.Text.Json.JsonDocument.Parse(line);
        var key = Convert.FromHexString(json.RootElement.GetProperty("key").GetString()!);
        await using (var ledger = await EmbeddedLedger.OpenAsync(LedgerDirectory.Open(folder["data"]), new EmbeddedLedgerOptions { Sequence = false }, default))
        {
            var kept = ledger.ContentsOf(TraceId.Parse(trace));
            Assert.True(kept.Count > 2);
            Assert.All(kept, content => Assert.False(content.TryOpen(key, out _)));
            Assert.All(
                records.Where(record => record.Kind == RecordKinds.ActionRequested && record.Id != asked.Id),
                record => Assert.False(Evidence.Commitments.Commitment.Matches(
                    HeldCommitment.Parse(record.Body.GetProperty("input")).Value, key, Encoding.UTF8.GetBytes($$"""{"message":"{{Neighbour}}"}"""))));
        }

        var byTool = await OkAsync("disclose", trace, "--tool", "echo", "--data", folder["data"], "-o", folder["tool.zip"]);
        Assert.Contains("4 contents disclosed", byTool.Messages);
        var wrong = await CairnProgram.RunAsync("disclose", trace, "--tool", "none", "--data", folder["data"], "-o", folder["none.zip"]);
        Assert.Equal(2, wrong.ExitCode);
        Assert.False(File.Exists(folder["none.zip"]));
        var after = await Recorded.ReadAsync(folder["data"]);
        Assert.Equal(2, after.Count(record => record.Kind == RecordKinds.LedgerExported));
        Assert.Empty(RecordSchemas.Errors(after));
    }

    private static async Task<bool> HasBegunAsync(string data) => (await Recorded.ReadAsync(data)).Any(record => record.Kind == RecordKinds.LedgerShredded);

    private static async Task<Outcome> OkAsync(params string[] arguments)
    {
        var outcome = await CairnProgram.RunAsync(arguments);
        Assert.True(outcome.ExitCode == 0, $"{string.Join(' ', arguments)}: {outcome}");
        return outcome;
    }

    private static async Task VerifyByBothAsync(TemporaryFolder folder, string bundle)
    {
        await File.WriteAllTextAsync(folder["trust.policy"], (await OkAsync("keys", "--data", folder["data"])).Output, TestContext.Current.CancellationToken);
        await OkAsync("verify", bundle, "--trust", folder["trust.policy"]);
        var node = new ProcessStartInfo("node", [Path.Combine(CairnProgram.Home, "web/verify/dist/cairn-verify.mjs"), bundle, "--trust", folder["trust.policy"]])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        var second = await CairnProgram.RunAsync(node);
        Assert.True(second.ExitCode == 0, second.ToString());
    }

    // Everything but the key-encryption key, which docs/guide/erasure.md has left out of backups.
    private static void Backup(string data, string backup)
    {
        foreach (var inner in Directory.EnumerateDirectories(data, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(Path.Combine(backup, Path.GetRelativePath(data, inner)));
        }

        foreach (var file in Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != TrailVault.DefaultKeyFile))
        {
            File.Copy(file, Path.Combine(backup, Path.GetRelativePath(data, file)));
        }
    }

    private static async Task<string> CallAsync(TemporaryFolder folder, params string[] texts)
    {
        var before = Directory.Exists(folder["data"]) ? (await Recorded.ReadAsync(folder["data"])).Select(record => record.Trace).ToHashSet() : [];
        await using (var server = await WrappedServer.EverythingAsync(folder["data"], "--capture", "full"))
        {
            foreach (var text in texts)
            {
                Assert.Contains(text, Recorded.TextOf(await server.EchoAsync(text)));
            }

            Assert.Equal(0, await server.CloseAsync());
        }

        return (await Recorded.ReadAsync(folder["data"])).First(record => !before.Contains(record.Trace)).Trace.ToString();
    }
}
