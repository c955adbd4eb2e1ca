using System.Text;
using System.Text.Json;

namespace Cairn.EndToEnd;

public class FindTests
{
    private const string Document = "We agree to pay 1,000,000 by Friday.";

    [Fact]
    public async Task A_document_that_a_command_printed_or_wrote_is_found_and_another_is_not()
    {
        using var folder = new TemporaryFolder();
        await ExecAsync(folder, "sh", "-c", $"echo '{Document}'; echo '{Document}' > contract.txt");

        var printed = await FindAsync(folder, "--string", Document + "\n");
        var written = await FindAsync(folder, "--content", folder["work/contract.txt"], "--format", "json");
        var other = await FindAsync(folder, "--string", Document.Replace('1', '2') + "\n");

        Assert.Contains("yes: this content of 37 bytes, at 2 places in 1 record of 1 trail", printed.Output, StringComparison.Ordinal);
        Assert.Equal(["changes", "output"], Json(written).GetProperty("matches").EnumerateArray().Select(match => match.GetProperty("member").GetString()!).Order());
        Assert.Contains("no record that could be tested commits to this content", other.Output, StringComparison.Ordinal);
        Assert.Contains("1 commitment to a content of the same length recomputed", other.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Records_are_found_paged_saved_and_written_to_files()
    {
        using var folder = new TemporaryFolder();
        await ExecAsync(folder, "true");
        await ExecAsync(folder, "sh", "-c", "exit 3");

        var first = Json(await FindAsync(folder, "--type", "process.exec", "--format", "json", "-n", "3"));
        var rest = Json(await FindAsync(folder, "--type", "process.exec", "--format", "json", "--after", first.GetProperty("next").GetString()!));
        Assert.Equal(4, Ids(first).Concat(Ids(rest)).Distinct().Count());
        Assert.Equal(JsonValueKind.Null, rest.GetProperty("next").ValueKind);

        Assert.Equal(0, (await FindAsync(folder, "--save", "ends", "--kind", "action.completed", "--since", "1h")).ExitCode);
        Assert.Contains("@ends  --since 1h --kind action.completed", (await FindAsync(folder, "--saved")).Output, StringComparison.Ordinal);
        Assert.Equal(2, Ids(Json(await FindAsync(folder, "@ends", "--format", "json"))).Count());

        Assert.Equal(0, (await FindAsync(folder, "-o", folder["all.csv"])).ExitCode);
        Assert.Equal(9, (await File.ReadAllTextAsync(folder["all.csv"])).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(0, (await FindAsync(folder, "-o", folder["all.parquet"])).ExitCode);
        Assert.Equal("PAR1", Encoding.ASCII.GetString(await File.ReadAllBytesAsync(folder["all.parquet"]), 0, 4));
        Assert.Empty(Directory.EnumerateFiles(folder.Path, "*.part"));

        var nobody = await FindAsync(folder, "@nobody");
        Assert.Equal(2, nobody.ExitCode);
        Assert.Contains("there is no saved query \"nobody\"", nobody.Messages, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_index_says_what_to_do_and_reindex_brings_back_the_same_bytes_of_answers()
    {
        using var folder = new TemporaryFolder();
        await ExecAsync(folder, "true");
        await ExecAsync(folder, "true");
        var before = (await FindAsync(folder, "--format", "jsonl")).Output;
        foreach (var file in Directory.EnumerateFiles(folder["data"], "index.db*").ToList())
        {
            await File.WriteAllTextAsync(file, "this is no database, however long it may be");
        }

        var damaged = await FindAsync(folder);
        var reindex = await CairnProgram.RunAsync("reindex", "--data", folder["data"]);

        Assert.Equal(2, damaged.ExitCode);
        Assert.Contains("Try: cairn reindex --data", damaged.Messages, StringComparison.Ordinal);
        Assert.True(reindex.ExitCode == 0, reindex.ToString());
        Assert.Contains("8 records", reindex.Messages, StringComparison.Ordinal);
        Assert.Equal(before, (await FindAsync(folder, "--format", "jsonl")).Output);
        Assert.True((await CairnProgram.RunAsync("reindex", "--data", folder["data"])).ExitCode == 0);
        Assert.Equal(before, (await FindAsync(folder, "--format", "jsonl")).Output);
    }

    [Fact]
    public async Task What_a_compromised_emitter_told_is_downstream_and_its_proofs_are_told_apart()
    {
        using var folder = new TemporaryFolder();
        await ExecAsync(folder, "true");
        await Task.Delay(50, TestContext.Current.CancellationToken);
        var since = DateTimeOffset.UtcNow.UtcDateTime.ToString("O");
        await ExecAsync(folder, "sh", "-c", "exit 3");
        var emitter = Json(await FindAsync(folder, "--format", "json", "-n", "1")).GetProperty("records")[0].GetProperty("emitter").GetString()!;

        var blast = Json(await CairnProgram.RunAsync("blast", "emitter", emitter, "--since", since, "--data", folder["data"], "--output", "json"));

        Assert.Equal(1, blast.GetProperty("counts").GetProperty("actions").GetInt32());
        var signed = blast.GetProperty("proofs").GetProperty("signed_by_compromised");
        Assert.Equal(4, signed.GetProperty("signed_since").GetInt32());
        Assert.Equal(4, signed.GetProperty("claims_to_be_before").GetInt32() + signed.GetProperty("anchored_before").GetInt32());
        Assert.Contains("trails         1 of 1 looked at", (await CairnProgram.RunAsync("blast", "emitter", emitter, "--since", since, "--data", folder["data"])).Output, StringComparison.Ordinal);
    }

    private static async Task ExecAsync(TemporaryFolder folder, params string[] words)
    {
        var start = CairnProgram.Start(["exec", "--data", folder["data"], "--", .. words]);
        start.WorkingDirectory = Directory.CreateDirectory(folder["work"]).FullName;
        await CairnProgram.RunAsync(start);
    }

    private static Task<Outcome> FindAsync(TemporaryFolder folder, params string[] words) => CairnProgram.RunAsync(["find", "--data", folder["data"], .. words]);

    private static JsonElement Json(Outcome outcome)
    {
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        return JsonElement.Parse(outcome.Output);
    }

    private static IEnumerable<string> Ids(JsonElement page) => page.GetProperty("records").EnumerateArray().Select(record => record.GetProperty("record").GetString()!);
}
