using System.Text.Json;
using Cairn.Evidence;
using Cairn.Policy.Bundles;

namespace Cairn.Policy.Evaluation;

/// <summary>
/// Requests with all that a request of an action can have: one without arguments, and one for each rule that asks for some,
/// with a value of each kind. A bundle whose schema takes them all takes every request that can come.
/// </summary>
internal static class Probes
{
    public static IEnumerable<byte[]> Of(string action, BundleManifest manifest)
    {
        yield return One(action, "probe.invalid", "probe", manifest);
        foreach (var rule in manifest.Arguments.Where(r => r.Pattern.Action is null || r.Pattern.Matches(action, r.Pattern.Server ?? "", r.Pattern.Name ?? "")))
        {
            yield return One(action, Fitting(rule.Pattern.Server, "probe.invalid"), Fitting(rule.Pattern.Name, "probe"), manifest);
        }
    }

    private static string Fitting(string? pattern, string otherwise) => pattern?.Replace("*", "probe", StringComparison.Ordinal) ?? otherwise;

    private static byte[] One(string action, string server, string name, BundleManifest manifest) => DecisionInput.Write(
        new AuthorizationRequest
        {
            Principal = SpiffeId.Parse("spiffe://probe.invalid/agent"),
            DelegationChain = ["user:probe"],
            ActionType = action,
            ActionName = name,
            Resource = "probe://probe.invalid/probe",
            Server = server,
            Writes = true,
            Trace = TraceId.Parse("00000000000000000000000000000001"),
            Time = DateTimeOffset.UnixEpoch,
            Arguments = Arguments(manifest.ArgumentsOf(action, server, name)),
        },
        manifest);

    private static byte[] Arguments(IReadOnlyDictionary<string, ArgumentKind>? asked)
    {
        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var (name, kind) in asked ?? new Dictionary<string, ArgumentKind>())
        {
            // What the shape of a json argument may be is for the schema alone to say.
            if (kind != ArgumentKind.Json)
            {
                values[name] = kind switch
                {
                    ArgumentKind.WholeNumber => 1,
                    ArgumentKind.DecimalNumber => 1.5m,
                    ArgumentKind.Flag => true,
                    ArgumentKind.Texts => (string[])["probe"],
                    _ => "probe",
                };
            }
        }

        return JsonSerializer.SerializeToUtf8Bytes(values);
    }
}
