using System.CommandLine;
using Cairn.Cli.Identity;
using Cairn.Cli.Investigate;
using Cairn.Cli.Policies;
using Cairn.Cli.Terminal;
using Cairn.Evidence.Records;
using Cairn.Ledger;
using Cairn.Ledger.Vault;
using Cairn.Trails.Erasure;

namespace Cairn.Cli.Erase;

/// <summary><c>cairn vault status|rotate|protect</c>: the key-encryption key that the trails' keys are wrapped under.</summary>
internal static class VaultCommand
{
    public static Command Create() => new("vault", "The trails' keys, and the key that they are wrapped under") { Status(), Rotate(), Protect() };

    private static Command Status()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var command = new Command("status", "Show how the trails' keys are kept, and whether each shredding holds") { output, data };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var open = await OpenLedger.ReadAsync(DataOption.Resolve(parsed.GetValue(data)), sequence: false, cancel);
            using var vault = TrailVault.Open(open.Directory.VaultPath);
            var status = vault.Status();
            var log = await ErasureLog.ReadAsync(open.Ledger, open.Directory.TrustPolicy(), cancel);
            var undone = log.Shreddings.Where(shredding => !shredding.IsDone || !TrailVault.IsShredded(open.Directory.VaultPath, shredding.Trail)).ToList();
            if (parsed.IsJson(output))
            {
                JsonOutput.Write(json =>
                {
                    json.WriteStartObject();
                    json.WriteNumber("keys", status.Keys);
                    json.WriteNumber("shredded", status.Shredded);
                    json.WriteString("key_encryption_key", status.KeyEncryptionKey);
                    json.WriteString("file", status.File);
                    json.WriteBoolean("passphrase", status.HasPassphrase);
                    json.WriteTexts("unfinished", undone.Select(shredding => shredding.Trail.ToString()));
                    json.WriteEndObject();
                });
            }
            else
            {
                Console.Out.WriteLine($"keys of {status.Keys} trails; {status.Shredded} shredded");
                Console.Out.WriteLine($"wrapped under the key {status.KeyEncryptionKey} in {status.File}{(status.HasPassphrase ? ", which a passphrase protects" : "")}");
                if (Path.GetDirectoryName(status.File) == open.Directory.Root)
                {
                    Console.Out.WriteLine("that file lies beside the vault: leave it out of backups of the data directory, or have it elsewhere (cairn vault protect --file)");
                }

                foreach (var shredding in undone)
                {
                    Console.Out.WriteLine($"NOT SHREDDED: {shredding.Trail}, although a record of {ErasureWords.Time(shredding.Time)} tells of it; run: cairn shred {shredding.Trail}");
                }
            }

            return undone.Count == 0 ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static Command Rotate()
    {
        var data = DataOption.Create();
        var command = new Command("rotate", "Wrap the trails' keys under a new key and destroy the old one; no content is encrypted anew") { data };
        command.SetAction((parsed, cancel) => ChangeAsync(DataOption.Resolve(parsed.GetValue(data)), "vault-rotate", "rotation", vault => vault.Rotate(), cancel));
        return command;
    }

    private static Command Protect()
    {
        var data = DataOption.Create();
        var file = new Option<string?>("--file") { Description = "Where the key is to lie: another disk, a mounted secret, a folder outside the backup", HelpName = "FILE" };
        var passphrase = new Option<string?>("--passphrase-file") { Description = $"The file whose first line is the passphrase from now on; every process on the ledger then needs {VaultPassphrase.Variable}", HelpName = "FILE" };
        var command = new Command("protect", "Put the key that wraps the trails' keys elsewhere, or under a passphrase; without --passphrase-file it has none") { file, passphrase, data };
        command.SetAction((parsed, cancel) =>
        {
            var secret = parsed.GetValue(passphrase) is { } path ? VaultPassphrase.Read(path) : null;
            return ChangeAsync(DataOption.Resolve(parsed.GetValue(data)), "vault-protect", "protection", vault => vault.Protect(parsed.GetValue(file), secret), cancel);
        });
        return command;
    }

    private static async Task<int> ChangeAsync(string data, string what, string reason, Action<TrailVault> change, CancellationToken cancel)
    {
        var directory = LedgerDirectory.Open(data);
        await using var trail = await OperatorTrail.StartAsync(data, what, cancel);
        using var vault = TrailVault.Open(directory.VaultPath);
        var old = vault.Status().KeyEncryptionKey;
        change(vault);
        var status = vault.Status();
        await trail.RecordAsync(RecordKinds.LedgerKeyRotated, json =>
        {
            json.WriteString("by", OperatorTrail.By);
            json.WriteString("role", "vault");
            json.WriteString("old", old);
            json.WriteString("new", status.KeyEncryptionKey);
            json.WriteString("reason", reason);
        }, cancel);
        await trail.EndAsync("done", cancel);
        Console.Error.WriteLine($"cairn: the keys of {status.Keys} trails are wrapped under the key {status.KeyEncryptionKey} in {status.File}{(status.HasPassphrase ? ", which a passphrase protects" : "")}; the old one is destroyed");
        Console.Out.WriteLine(status.KeyEncryptionKey);
        return ExitCode.Done;
    }
}
