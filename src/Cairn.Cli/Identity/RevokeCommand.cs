using System.CommandLine;
using System.Globalization;
using Cairn.Cli.Investigate;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Trust;
using Cairn.Identity;
using Cairn.Ledger;

namespace Cairn.Cli.Identity;

/// <summary>
/// <c>cairn identity revoke</c>: keys of emitters that are, or may be, in the wrong hands. Order: every process on the directory
/// refuses statements under them, and the authority certificates for them → the revocation is recorded. So no statement under a
/// key stands behind its record.
/// </summary>
internal static class RevokeCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var keys = new Argument<string[]>("key") { Description = "A certificate or public key (file, PEM or DER), or the SHA-256 of one: of a SubjectPublicKeyInfo (kid), or of a certificate that the ledger has", HelpName = "KEY", Arity = ArgumentArity.ZeroOrMore };
        var emitter = new Option<string?>("--emitter") { Description = "Whose keys: without KEY, all that it has signed with", HelpName = "SPIFFE-ID" };
        var since = new Option<string?>("--since") { Description = "From when on they may have been in the wrong hands; without, from now on", HelpName = "TIME" };
        var reason = new Option<string>("--reason") { Description = "Why, for the record", HelpName = "TEXT", Required = true };
        var command = new Command("revoke", "Revoke keys of emitters: nothing signed with them is taken any more, and verifiers believe only what provably is from before") { data, keys, emitter, since, reason };
        command.SetAction(async (parsed, cancel) =>
        {
            var path = DataOption.Resolve(parsed.GetValue(data));
            var now = DateTimeOffset.UtcNow;
            var from = parsed.GetValue(since) is { } text ? TimeText.Parse(text, now) : (DateTimeOffset?)null;
            if (from > now)
            {
                throw new CliException($"{from:u} is yet to come: a key that is believed until then can't be revoked from then on", "cairn identity revoke --help");
            }

            var chosen = await ChooseAsync(path, parsed.GetValue(keys) ?? [], parsed.GetValue(emitter), cancel);
            await RevokeAsync(path, chosen, from, parsed.GetRequiredValue(reason), cancel);
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task RevokeAsync(string path, IReadOnlyList<(Digest Key, SpiffeId? Emitter)> keys, DateTimeOffset? since, string reason, CancellationToken cancel)
    {
        var directory = LedgerDirectory.Open(path);
        await using var trail = await OperatorTrail.StartAsync(path, "identity-revoke", cancel);
        await trail.RecordTrustAsync("rotation", cancel);
        RevokedKeys.Add(directory.KeysPath, keys.Select(one => new RefusedKey(one.Key, one.Emitter?.ToString() ?? "", DateTimeOffset.UtcNow)));
        await Task.Delay(EmbeddedLedger.RootNotice, cancel);
        foreach (var (key, emitter) in keys)
        {
            await trail.RecordAsync(RecordKinds.LedgerKeyRevoked, new KeyRevocation(key, emitter, since, OperatorTrail.By, reason).WriteTo, cancel);
            Console.Out.WriteLine(key);
        }

        await trail.EndAsync("done", cancel);
        var line = since is { } time ? $"; a verifier who hears of it by another way adds to its trust policy: revoked KEY {Floor(time)}" : "";
        Console.Error.WriteLine($"cairn: {keys.Count} key(s) revoked; bundles exported from now on say so. An emitter that still runs on one has to be started again, with another key{line}");
    }

    /// <summary>Policy lines have whole seconds: the second in which it began.</summary>
    private static string Floor(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>What is meant, before this command itself signs anything.</summary>
    private static async Task<IReadOnlyList<(Digest Key, SpiffeId? Emitter)>> ChooseAsync(string path, string[] given, string? emitter, CancellationToken cancel)
    {
        if (given.Length == 0 && emitter is null)
        {
            throw new CliException("expected a KEY, or --emitter SPIFFE-ID", "cairn identity revoke --help");
        }

        await using var open = await OpenLedger.ReadAsync(path, sequence: false, cancel);
        var id = emitter is null ? (SpiffeId?)null : SpiffeId.Parse(emitter);
        var chosen = given.Select(one => (Key: Resolve(open.Ledger, one), id)).ToList();
        if (id is { } issuer && given.Length == 0)
        {
            chosen.AddRange((await new EmitterKeys(open.Ledger).OfAsync(issuer, cancel)).Select(one => (one.Key, id)));
            if (chosen.Count == 0)
            {
                throw new CliException($"no statement of this ledger is by {issuer}", "cairn find --kind task.started");
            }
        }

        return [.. chosen.DistinctBy(one => one.Key)];
    }

    private static Digest Resolve(EmbeddedLedger ledger, string text)
    {
        if (text.Length == 64 && text.All(char.IsAsciiHexDigitLower))
        {
            var digest = Digest.ParseHex(text);
            return new EmitterKeys(ledger).OfCertificate(digest) ?? digest;
        }

        return File.Exists(text) ? KeyFile.Thumbprint(text)
            : throw new CliException($"\"{text}\" is neither a file nor 64 lower-case hexadecimal digits", "cairn identity revoke --help");
    }
}
