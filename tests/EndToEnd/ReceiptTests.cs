using System.Diagnostics;
using System.Text.Json;

namespace Cairn.EndToEnd;

/// <summary><c>cairn receipt</c> and <c>cairn verify-receipt</c> in all their forms, and the second verifier over the same files.</summary>
public sealed class ReceiptTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("tlog-proof")]
    [InlineData("cose")]
    [InlineData("transparent")]
    public async Task A_receipt_of_each_form_verifies_by_both_verifiers_and_not_for_another_statement(string format)
    {
        await RecordAsync(3);
        await SaveAsync("receipt", "1", "--format", format);
        await SaveAsync("statement", "1", "--format", "statement");
        await SaveAsync("other", "2", "--format", "statement");
        string[] receipts = [_folder["receipt"]];
        if (format == "cose")
        {
            await SaveAsync("second", "1", "--format", "cose", "--key", "mldsa44");
            receipts = [_folder["receipt"], _folder["second"]];
        }

        string[] statement = format == "transparent" ? [] : ["--statement", _folder["statement"]];
        await BothAsync(0, [.. receipts, .. statement, "--trust", _folder["trust.policy"]], "VERIFIED");

        // A transparent statement brings its own; with another beside it, it can't be meant.
        await BothAsync(format == "transparent" ? 2 : 1, [.. receipts, "--statement", _folder["other"], "--trust", _folder["trust.policy"]], format == "transparent" ? "statements|one statement" : "NOT VERIFIED");
    }

    [Fact]
    public async Task A_checkpoint_proves_the_place_that_a_cose_receipt_only_names()
    {
        await RecordAsync(3);
        await SaveAsync("transparent", "1", "--format", "transparent");

        foreach (var (more, proved) in new[] { (Array.Empty<string>(), false), (["--checkpoint", Path.Combine(_folder["data"], "ledger/checkpoint")], true) })
        {
            string[] words = [_folder["transparent"], "--trust", _folder["trust.policy"], "--output", "json", .. more];
            foreach (var outcome in new[] { await CairnProgram.RunAsync(["verify-receipt", .. words]), await SecondAsync(words) })
            {
                Assert.True(outcome.ExitCode == 0, outcome.ToString());
                using var json = JsonDocument.Parse(outcome.Output);
                Assert.Equal((1, proved, 2), (json.RootElement.GetProperty("index").GetInt32(), json.RootElement.GetProperty("place_proved").GetBoolean(), json.RootElement.GetProperty("keys").GetArrayLength()));
            }
        }
    }

    [Fact]
    public async Task A_cose_receipt_by_one_key_is_not_enough_for_a_policy_with_two()
    {
        await RecordAsync(1);
        await SaveAsync("receipt", "0", "--format", "cose");
        await SaveAsync("statement", "0", "--format", "statement");

        await BothAsync(1, [_folder["receipt"], "--statement", _folder["statement"], "--trust", _folder["trust.policy"]], "no receipt by log key .*ML-DSA-44");
    }

    [Fact]
    public async Task Receipts_of_consistency_lead_from_an_older_checkpoint_to_the_newest_and_to_a_tree_in_between()
    {
        await RecordAsync(1);
        var checkpoint = Path.Combine(_folder["data"], "ledger/checkpoint");
        await SaveAsync("proof", "0");
        File.Copy(checkpoint, _folder["older"]);
        var size = long.Parse((await File.ReadAllLinesAsync(checkpoint, TestContext.Current.CancellationToken))[1], System.Globalization.CultureInfo.InvariantCulture);
        await RecordAsync(2);
        await SaveAsync("a", "--consistency", $"{size}");
        await SaveAsync("b", "--consistency", $"{size}", "--key", "mldsa44");
        await SaveAsync("c", "--consistency", $"{size}:{size + 1}");

        await BothAsync(0, [_folder["a"], _folder["b"], "--older", _folder["older"], "--trust", _folder["trust.policy"]], "VERIFIED[\\s\\S]*receipt's word");
        var sized = await BothAsync(0, [_folder["a"], _folder["b"], "--older", _folder["proof"], "--checkpoint", checkpoint, "--trust", _folder["trust.policy"]], $"extends[\\s]+that of {size}");
        Assert.DoesNotContain("receipt's word", sized.Output);
        await BothAsync(1, [_folder["a"], "--older", _folder["older"], "--trust", _folder["trust.policy"]], "no receipt by log key");
        await BothAsync(1, [_folder["c"], "--older", _folder["older"], "--trust", _folder["trust.policy"]], $"of {size + 1} statements");
        await BothAsync(1, [_folder["a"], _folder["b"], "--older", checkpoint, "--trust", _folder["trust.policy"]], "the older checkpoint's, found it from");
        await BothAsync(2, [_folder["a"], "--trust", _folder["trust.policy"]], "the older tree");
        await SaveAsync("statement", "0", "--format", "statement");
        await BothAsync(2, [_folder["a"], "--older", _folder["older"], "--statement", _folder["statement"], "--trust", _folder["trust.policy"]], "--statement does not go with it");
    }

    [Fact]
    public async Task What_can_not_be_asked_for_is_refused_with_what_could_be()
    {
        await RecordAsync(2);
        foreach (var (words, said) in new (string[], string)[]
        {
            ([], "a receipt of what?"),
            (["0", "--consistency", "1"], "not both"),
            (["99"], "there is no statement 99"),
            (["0", "--format", "pdf"], "pdf"),
            (["0", "--format", "cose", "--output", "json"], "--output json is for tlog-proof"),
            (["0", "--format", "transparent", "--key", "mldsa44"], "has the signatures of both"),
            (["--consistency", "1", "--format", "transparent"], "a receipt of consistency is a COSE Receipt"),
            (["--consistency", "0"], "FROM is 1 at least"),
            (["--consistency", "2:1"], "fewer statements than the older"),
            (["--consistency", "1:2:3"], "takes FROM or FROM:TO"),
            (["--consistency", "one"], "takes FROM or FROM:TO"),
            (["--consistency", "-1"], "takes FROM or FROM:TO"),
            (["--consistency", "1:99999"], "statements"),
        })
        {
            var refused = await CairnProgram.RunAsync(["receipt", .. words, "--data", _folder["data"]]);
            Assert.True(refused.ExitCode == 2, $"{string.Join(' ', words)}: {refused}");
            Assert.Contains(said, refused.Messages);
            Assert.Empty(refused.Output);
        }
    }

    [Fact]
    public async Task Files_that_are_no_receipts_are_named_with_what_was_expected()
    {
        await RecordAsync(1);
        await SaveAsync("receipt", "0", "--format", "cose");
        await SaveAsync("statement", "0", "--format", "statement");
        var whole = await File.ReadAllBytesAsync(_folder["receipt"], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(_folder["cut"], whole[..^1], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(_folder["empty"], [], TestContext.Current.CancellationToken);

        await BothAsync(2, [_folder["cut"], "--statement", _folder["statement"], "--trust", _folder["trust.policy"]], "neither a receipt");
        await BothAsync(2, [_folder["empty"], "--statement", _folder["statement"], "--trust", _folder["trust.policy"]], "can't be read");
        await BothAsync(2, [_folder["receipt"], "--statement", _folder["receipt"], "--trust", _folder["trust.policy"]], "can't be read");
        await BothAsync(2, [_folder["receipt"], "--trust", _folder["trust.policy"]], "the statement is needed");
        await BothAsync(2, [_folder["none"], "--trust", _folder["trust.policy"]], "none");
    }

    public void Dispose() => _folder.Dispose();

    private async Task RecordAsync(int commands)
    {
        for (var i = 0; i < commands; i++)
        {
            Assert.Equal(0, (await CairnProgram.RunAsync("exec", "--data", _folder["data"], "--", "true")).ExitCode);
        }

        await File.WriteAllTextAsync(_folder["trust.policy"], (await CairnProgram.RunAsync("keys", "--data", _folder["data"])).Output, TestContext.Current.CancellationToken);
        Assert.Equal(0, (await CairnProgram.RunAsync("receipt", "0", "--data", _folder["data"])).ExitCode);
    }

    // Bytes, so not by way of a text.
    private async Task SaveAsync(string name, params string[] words)
    {
        using var process = Process.Start(CairnProgram.Start(["receipt", .. words, "--data", _folder["data"]]))!;
        process.StandardInput.Close();
        var messages = process.StandardError.ReadToEndAsync();
        await using (var file = File.Create(_folder[name]))
        {
            await process.StandardOutput.BaseStream.CopyToAsync(file, TestContext.Current.CancellationToken);
        }

        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', words)}: {await messages}");
    }

    private static async Task<Outcome> BothAsync(int exitCode, string[] words, string said)
    {
        var (first, second) = (await CairnProgram.RunAsync(["verify-receipt", .. words]), await SecondAsync(words));
        foreach (var outcome in new[] { first, second })
        {
            Assert.True(outcome.ExitCode == exitCode, $"expected exit code {exitCode}: {outcome}");
            Assert.Matches(said, outcome.ToString());
        }

        return first;
    }

    private static Task<Outcome> SecondAsync(params string[] words) => CairnProgram.RunAsync(
        new ProcessStartInfo("node", [Path.Combine(CairnProgram.Home, "web/verify/dist/cairn-verify.mjs"), "receipt", .. words])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        });
}
