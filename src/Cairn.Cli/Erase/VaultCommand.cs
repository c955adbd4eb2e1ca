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

/// <summary><c>cairn vault status|rotate|protect|make-key|login</c>: the key-encryption key that the trails' keys are wrapped under.</summary>
internal static class VaultCommand
{
    public static Command Create() => new("vault", "The trails' keys, and the key that they are wrapped under") { Status(), Rotate(), Protect(), MakeKey(), Login() };

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
                    if (status.Token is { } token)
                    {
                        json.WriteStartObject("token");
                        json.WriteString("uri", token.Uri.ToString());
                        json.WriteBoolean("renewed", token.IsRenewed);
                        json.WriteBoolean("made_there", token.MadeThere);
                        json.WriteEndObject();
                    }

                    json.WriteTexts("token_keys_left", status.TokenKeysLeft);
                    json.WriteTexts("unfinished", undone.Select(shredding => shredding.Trail.ToString()));
                    json.WriteEndObject();
                });
            }
            else
            {
                Console.Out.WriteLine($"keys of {status.Keys} trails; {status.Shredded} shredded");
                Console.Out.WriteLine($"wrapped under the key {Where(status)}");
                if (status.Token is { } token)
                {
                    Console.Out.WriteLine(token.IsRenewed
                        ? "each shredding and rotation makes another key in the token and destroys the last one: no old copy of the data directory opens what was erased, unless the token was copied too"
                        : "that key in the token stays: an old copy of the key file, with the token, opens what was erased since (cairn vault protect --pkcs11 URI --renewing)");
                    if (!token.MadeThere)
                    {
                        Console.Out.WriteLine("that key was put into the token from outside, so a copy of it may exist (cairn vault make-key makes one that never leaves)");
                    }
                }

                if (Path.GetDirectoryName(status.File) == open.Directory.Root && status.Token is not { IsRenewed: true })
                {
                    Console.Out.WriteLine("that file lies beside the vault: leave it out of backups of the data directory, or have it elsewhere (cairn vault protect --file)");
                }

                foreach (var left in status.TokenKeysLeft)
                {
                    Console.Out.WriteLine($"NOT DESTROYED: the key {left}, whose token was not there; the next command on this vault with the token there destroys it");
                }

                foreach (var shredding in undone)
                {
                    Console.Out.WriteLine($"NOT SHREDDED: {shredding.Trail}, although a record of {ErasureWords.Time(shredding.Time)} tells of it; run: cairn shred {shredding.Trail}");
                }
            }

            return undone.Count == 0 && status.TokenKeysLeft.Count == 0 ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static Command Rotate()
    {
        var data = DataOption.Create();
        var command = new Command("rotate", "Wrap the trails' keys under a new key and destroy the old one; no content is encrypted anew") { data };
        command.SetAction((parsed, cancel) => ChangeAsync(DataOption.Resolve(parsed.GetValue(data)), "vault-rotate", "rotation", isAsked: false, vault => vault.Rotate(), cancel));
        return command;
    }

    private static Command Protect()
    {
        var data = DataOption.Create();
        var file = new Option<string?>("--file") { Description = "Where the key is to lie: another disk, a mounted secret, a folder outside the backup", HelpName = "FILE" };
        var passphrase = new Option<string?>("--passphrase-file") { Description = $"The file whose first line is the passphrase from now on; every process on the ledger then needs {VaultPassphrase.Variable}", HelpName = "FILE" };
        var token = new Option<string?>("--pkcs11") { Description = $"The key in a token (RFC 7512) that wraps it from now on; every process on the ledger then needs the PIN, from {TokenPins.FileVariable} or the URI's pin-source", HelpName = "URI" };
        var renewing = new Option<bool>("--renewing") { Description = "With --pkcs11: make a key under that label now and at each shredding and rotation, and destroy the last one in the token" };
        var command = new Command("protect", "Put the key that wraps the trails' keys elsewhere, under a passphrase or under a key in a token; with neither it has none") { file, passphrase, token, renewing, data };
        command.SetAction((parsed, cancel) =>
        {
            var protection = Protection(parsed.GetValue(passphrase), parsed.GetValue(token), parsed.GetValue(renewing));
            return ChangeAsync(DataOption.Resolve(parsed.GetValue(data)), "vault-protect", "protection", isAsked: true, vault => vault.Protect(parsed.GetValue(file), protection), cancel);
        });
        return command;
    }

    private static KeyProtection Protection(string? passphrase, string? token, bool renewing) => (passphrase, token) switch
    {
        (not null, not null) => throw new CliException("--passphrase-file and --pkcs11 exclude each other", "cairn vault protect --help"),
        (_, null) when renewing => throw new CliException("--renewing is about a key in a token", "cairn vault protect --pkcs11 URI --renewing"),
        (not null, null) => KeyProtection.WithPassphrase(VaultPassphrase.Read(passphrase)),
        (null, not null) => KeyProtection.WithToken(TokenUri.Parse(token), renewing),
        _ => KeyProtection.None,
    };

    private static Command MakeKey()
    {
        var data = DataOption.Create();
        var uri = new Argument<string>("uri") { Description = "Its name (RFC 7512): pkcs11:token=LABEL;object=LABEL?module-path=/PATH/OF/MODULE.so" };
        var command = new Command("make-key", "Make an AES-256 key in a token that never leaves it, for cairn vault protect --pkcs11") { uri, data };
        command.SetAction(parsed =>
        {
            var directory = LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data)));
            var made = TrailVault.MakeTokenKey(directory.VaultPath, TokenUri.Parse(parsed.GetRequiredValue(uri)), tryPin: true);
            Console.Error.WriteLine("cairn: the token has the key; it is not in use yet: cairn vault protect --pkcs11 URI");
            Console.Out.WriteLine(made);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Login()
    {
        var data = DataOption.Create();
        var command = new Command("login", "Try the token's PIN once, also one that was refused before, so that processes use it again") { data };
        command.SetAction(parsed =>
        {
            var directory = LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data)));
            using var vault = TrailVault.Open(directory.VaultPath, tryPin: true);
            Console.Error.WriteLine($"cairn: the vault opens; its key {Where(vault.Status())}");
            return ExitCode.Done;
        });
        return command;
    }

    private static string Where(VaultStatus status) => $"{status.KeyEncryptionKey} in {status.File}"
        + (status.Token is { } token ? $", which a key in a token protects: {token.Uri}" : status.HasPassphrase ? ", which a passphrase protects" : "");

    // A rotation may run by the clock: a PIN that was refused is not tried again for it. Who moves the key sits in front of it.
    private static async Task<int> ChangeAsync(string data, string what, string reason, bool isAsked, Action<TrailVault> change, CancellationToken cancel)
    {
        var directory = LedgerDirectory.Open(data);
        await using var trail = await OperatorTrail.StartAsync(data, what, cancel);
        using var vault = TrailVault.Open(directory.VaultPath, tryPin: isAsked);
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
        Console.Error.WriteLine($"cairn: the keys of {status.Keys} trails are wrapped under the key {Where(status)}; the old one is destroyed");
        Console.Out.WriteLine(status.KeyEncryptionKey);
        return ExitCode.Done;
    }
}
