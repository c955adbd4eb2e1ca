using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Identity;
using Cairn.Identity.Enrolment;
using Cairn.Ledger;

namespace Cairn.Cli.Identity;

/// <summary>
/// <c>cairn identity retire</c>: takes an old root out of the trust bundle. Order: every process on the directory refuses
/// statements under it → the removal is recorded. So no statement under it stands behind the record.
/// </summary>
internal static class RetireCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var root = new Argument<string?>("root") { Description = "SHA-256 of the root, where several wait to be retired", Arity = ArgumentArity.ZeroOrOne };
        var now = new Option<bool>("--now") { Description = "Although SVIDs under it may still last: its key is lost, or known to others" };
        var command = new Command("retire", "Take an old root out of the trust bundle: nothing signed under it is believed from then on") { data, root, now };
        command.SetAction(async (parsed, cancel) =>
        {
            var path = DataOption.Resolve(parsed.GetValue(data));
            var directory = LedgerDirectory.Open(path);
            var thumbprint = Choose(directory, parsed.GetValue(root), parsed.GetValue(now));
            await using var trail = await OperatorTrail.StartAsync(path, "identity-retire", cancel);
            await trail.RecordTrustAsync("rotation", cancel);
            RootRotation.Remove(directory.KeysPath, thumbprint);
            await Task.Delay(EmbeddedLedger.RootNotice, cancel);
            await trail.RecordTrustAsync("removal", cancel);
            await trail.EndAsync("done", cancel);
            Console.Out.WriteLine(thumbprint);
            return ExitCode.Done;
        });
        return command;
    }

    private static Digest Choose(LedgerDirectory directory, string? given, bool now)
    {
        using var authority = LocalAuthority.Open(directory.KeysPath, directory.TrustDomain);
        var retiring = authority.Roots.Where(root => root.State == RootState.Retiring && (given is null || root.Thumbprint.ToString() == given)).ToList();
        if (retiring is not [var chosen])
        {
            throw new CliException(
                retiring.Count == 0 ? $"no {(given is null ? "" : $"such ")}root of {directory.TrustDomain} waits to be retired" : $"several roots wait to be retired: {string.Join(", ", retiring.Select(root => root.Thumbprint))}",
                "cairn identity show");
        }

        var longest = new RegistrationEntries(directory.KeysPath, directory.TrustDomain).All().Select(entry => entry.Ttl).Append(LocalAuthority.DefaultTtl).Max();
        var ended = chosen.Since + longest;
        return now || DateTimeOffset.UtcNow >= ended
            ? chosen.Thumbprint
            : throw new CliException($"SVIDs under the root {chosen.Thumbprint} may last until {ended:u}; emitters that still hold one would be refused", "cairn identity retire --now, if its key is not safe");
    }
}
