using System.Diagnostics;
using Cairn.Evidence.Records;
using Cairn.Ledger;

namespace Cairn.EndToEnd;

/// <summary>The vault's key in a token, by the program's own commands and a real SoftHSM.</summary>
public sealed class VaultTokenTests : IDisposable
{
    private const string Marker = "quince-51c0-elderberry";
    private const string Pin = "quince-4711";

    private static readonly string Module = new[] { "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so" }.First(File.Exists);

    private readonly TemporaryFolder _folder = new();

    private string Uri => $"pkcs11:token=cairn;object=vault?module-path={Module}";

    public VaultTokenTests()
    {
        Directory.CreateDirectory(_folder["tokens"]);
        File.WriteAllText(_folder["softhsm2.conf"], $"directories.tokendir = {_folder["tokens"]}\nobjectstore.backend = file\nlog.level = ERROR\n");
        WritePin(Pin);
        var start = new ProcessStartInfo("softhsm2-util", ["--init-token", "--free", "--label", "cairn", "--pin", Pin, "--so-pin", "87654321"]) { RedirectStandardOutput = true };
        start.Environment["SOFTHSM2_CONF"] = _folder["softhsm2.conf"];
        using var process = Process.Start(start)!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task A_key_made_in_the_token_protects_every_trail_and_content_is_read_rotated_and_moved_out_again()
    {
        var trace = await CallAsync();
        var made = (await OkAsync("vault", "make-key", Uri)).Output.Trim();
        Assert.Contains(";id=%", made);
        Assert.Contains("a key in a token protects", (await OkAsync("vault", "protect", "--pkcs11", made)).Messages);

        await ExportAsync(trace, "one");
        await OkAsync("vault", "rotate");
        await ExportAsync(trace, "two");
        await File.WriteAllTextAsync(_folder["passphrase"], "correct horse battery staple\n", TestContext.Current.CancellationToken);
        await OkAsync("vault", "protect", "--passphrase-file", _folder["passphrase"]);
        await ExportAsync(trace, "three");

        Assert.Contains("which a passphrase protects", (await OkAsync("vault", "status")).Output);
        Assert.Empty(TemporaryFolder.FilesHolding(_folder["data"], Pin));
        var records = await Recorded.ReadAsync(_folder["data"]);
        Assert.Equal(3, records.Count(record => record.Kind == RecordKinds.LedgerKeyRotated));
        Assert.Empty(RecordSchemas.Errors(records));
    }

    [Fact]
    public async Task With_a_renewed_key_a_whole_copy_from_before_the_shredding_opens_nothing_with_the_token_at_hand()
    {
        var trace = await CallAsync();
        await OkAsync("vault", "protect", "--pkcs11", Uri, "--renewing");
        await ExportAsync(trace, "before");
        using (var copy = Process.Start("cp", ["-a", _folder["data"], _folder["copy"]]))
        {
            await copy.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.Contains("with the token either", (await OkAsync("shred", trace, "--by", "dpo@example.org", "--reason", "request 9")).Messages);

        var refused = await RunAsync("export", trace, "--content", "-o", _folder["copy.zip"], "--data", _folder["copy"]);
        Assert.True(refused.ExitCode == 2, refused.ToString());
        Assert.Contains("a key that was destroyed does not come back", refused.Messages);
        Assert.Contains("no old copy of the data directory opens what was erased", (await OkAsync("vault", "status")).Output);
        Assert.Contains("shredded on", (await OkAsync("show", trace)).Output);
    }

    [Fact]
    public async Task A_wrong_pin_is_tried_by_one_command_and_by_no_other_until_a_person_asks()
    {
        var trace = await CallAsync();
        await OkAsync("vault", "protect", "--pkcs11", Uri, "--renewing");
        WritePin("wrong-1234");

        var first = await RunAsync("export", trace, "--content", "-o", _folder["trail.zip"]);
        var second = await RunAsync("export", trace, "--content", "-o", _folder["trail.zip"]);
        var asked = await RunAsync("vault", "login");

        Assert.All([first, second, asked], outcome => Assert.Equal(2, outcome.ExitCode));
        Assert.Contains("(CKR_PIN_INCORRECT)", first.Messages);
        Assert.Contains("is not tried again", second.Messages);
        Assert.Contains("cairn vault login", second.Messages);
        Assert.Contains("(CKR_PIN_INCORRECT)", asked.Messages);
        Assert.All([first, second, asked], outcome => Assert.DoesNotContain("wrong-1234", outcome.ToString()));

        WritePin(Pin);
        Assert.Contains("the vault opens", (await OkAsync("vault", "login")).Messages);
        await ExportAsync(trace, "trail");
    }

    [Fact]
    public async Task A_wrong_pin_while_the_key_is_put_into_the_token_changes_nothing_and_the_right_one_is_taken_afterwards()
    {
        var trace = await CallAsync();
        WritePin("wrong-1234");
        var time = File.GetLastWriteTimeUtc(_folder["pin"]);

        Assert.Contains("(CKR_PIN_INCORRECT)", (await RunAsync("vault", "make-key", Uri)).Messages);
        Assert.Contains("(CKR_PIN_INCORRECT)", (await RunAsync("vault", "protect", "--pkcs11", Uri, "--renewing")).Messages);
        await ExportAsync(trace, "before");

        // With the old time, so that the mark still fits: whoever gives these commands is asked, the mark is not.
        WritePin(Pin);
        File.SetLastWriteTimeUtc(_folder["pin"], time);
        await OkAsync("vault", "protect", "--pkcs11", Uri, "--renewing");
        await ExportAsync(trace, "after");
    }

    [Fact]
    public async Task A_pin_is_asked_for_at_a_terminal_and_not_shown()
    {
        var trace = await CallAsync();
        await OkAsync("vault", "protect", "--pkcs11", Uri, "--renewing");
        // script(1) gives the program a terminal, and types the PIN into it.
        var command = $"{CairnProgram.Path} export {trace} --content -o {_folder["trail.zip"]} --data {_folder["data"]}";
        var start = new ProcessStartInfo("bash", ["-c", $"(sleep 5; echo {Pin}; sleep 20) | timeout 60 script -qec '{command}' /dev/null"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["CAIRN_HOME"] = CairnProgram.Home;
        start.Environment["SOFTHSM2_CONF"] = _folder["softhsm2.conf"];

        var outcome = await CairnProgram.RunAsync(start);

        Assert.Contains("PIN of the token \"cairn\":", outcome.Output);
        Assert.True(File.Exists(_folder["trail.zip"]), outcome.ToString());
    }

    [Fact]
    public async Task A_token_that_was_taken_out_is_named_and_nothing_is_made_in_its_place()
    {
        var trace = await CallAsync();
        await OkAsync("vault", "protect", "--pkcs11", Uri, "--renewing");
        Directory.Move(_folder["tokens"], _folder["away"]);
        Directory.CreateDirectory(_folder["tokens"]);

        var export = await RunAsync("export", trace, "--content", "-o", _folder["trail.zip"]);
        var shred = await RunAsync("shred", trace);

        Assert.Equal((2, 2), (export.ExitCode, shred.ExitCode));
        Assert.Contains("the token \"cairn\" is not there", export.Messages);
        Assert.Contains("the token \"cairn\" is not there", shred.Messages);
        Directory.Delete(_folder["tokens"], recursive: true);
        Directory.Move(_folder["away"], _folder["tokens"]);
        await ExportAsync(trace, "trail");
    }

    [Fact]
    public async Task A_pin_on_the_command_line_is_refused_and_not_repeated()
    {
        await CallAsync();

        var refused = await RunAsync("vault", "protect", "--pkcs11", $"{Uri}&pin-value={Pin}");

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("pin-source", refused.Messages);
        Assert.DoesNotContain(Pin, refused.ToString());
    }

    public void Dispose() => _folder.Dispose();

    private void WritePin(string pin)
    {
        File.WriteAllText(_folder["pin"], $"{pin}\n");
        File.SetUnixFileMode(_folder["pin"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        // A file system may count time more coarsely than a test writes.
        File.SetLastWriteTimeUtc(_folder["pin"], DateTime.UtcNow.AddSeconds(-Random.Shared.Next(10_000)));
    }

    private async Task ExportAsync(string trace, string name)
    {
        await OkAsync("export", trace, "--content", "-o", _folder[$"{name}.zip"]);
        System.IO.Compression.ZipFile.ExtractToDirectory(_folder[$"{name}.zip"], _folder[name]);
        Assert.NotEmpty(TemporaryFolder.FilesHolding(_folder[name], Marker));
    }

    private async Task<Outcome> OkAsync(params string[] arguments)
    {
        var outcome = await RunAsync(arguments);
        Assert.True(outcome.ExitCode == 0, $"{string.Join(' ', arguments)}: {outcome}");
        return outcome;
    }

    private Task<Outcome> RunAsync(params string[] arguments)
    {
        var start = CairnProgram.Start(arguments.Contains("--data") ? arguments : [.. arguments, "--data", _folder["data"]]);
        start.Environment["SOFTHSM2_CONF"] = _folder["softhsm2.conf"];
        start.Environment["CAIRN_VAULT_PIN_FILE"] = _folder["pin"];
        start.Environment["CAIRN_VAULT_PASSPHRASE_FILE"] = _folder["passphrase"];
        return CairnProgram.RunAsync(start);
    }

    private async Task<string> CallAsync()
    {
        await using (var server = await WrappedServer.EverythingAsync(_folder["data"], "--capture", "full"))
        {
            Assert.Contains(Marker, Recorded.TextOf(await server.EchoAsync(Marker)));
            Assert.Equal(0, await server.CloseAsync());
        }

        return (await Recorded.ReadAsync(_folder["data"])).First().Trace.ToString();
    }
}
