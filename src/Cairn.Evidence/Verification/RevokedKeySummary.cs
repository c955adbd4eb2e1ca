namespace Cairn.Evidence.Verification;

/// <summary>A revoked key that statements of the bundle are signed with, and which of them still stand (docs/spec/verification.md §14).</summary>
/// <param name="Key">SHA-256 of the key's SubjectPublicKeyInfo, lower-case hexadecimal.</param>
/// <param name="Emitter">The issuer of the first statement with it.</param>
/// <param name="Since">From when on it may have been in the wrong hands; null where only a place in the ledger is known.</param>
/// <param name="Record">Index of the statement that revoked it; null where the verifier's policy alone does.</param>
/// <param name="Statements">How many statements are signed with it.</param>
/// <param name="Before">Those that were signed before, by whose word.</param>
/// <param name="Unproven">How many are not provably from before.</param>
public sealed record RevokedKeySummary(string Key, string Emitter, string? Since, long? Record, long Statements, IReadOnlyList<BeforeRevocation> Before, long Unproven)
{
    /// <summary>The same in words.</summary>
    public override string ToString() =>
        $"key {Key} of {Emitter}, revoked {(Since is null ? "" : $"since {Since} ")}{(Record is { } record ? $"by the record at index {record}" : "by the policy")}: "
        + string.Join("; ", [.. Before.Select(one => one.ToString()), .. Unproven > 0 ? [$"{Count(Unproven)} not provably signed before"] : (string[])[]]);

    internal static string Count(long count) => count == 1 ? "1 statement" : $"{count} statements";
}

/// <summary>Statements that were signed before their key's revocation, by the word of one kind of party.</summary>
/// <param name="By">witness, timestamper, log, or place: their place in the ledger, where no time is asked for.</param>
/// <param name="Name">Who says the latest of their bounds; null for a place.</param>
/// <param name="NotAfter">The latest of their bounds, in UTC; null for a place.</param>
/// <param name="Statements">How many.</param>
public sealed record BeforeRevocation(string By, string? Name, string? NotAfter, long Statements)
{
    /// <summary>The same in words.</summary>
    public override string ToString() => $"{RevokedKeySummary.Count(Statements)} signed before, by {By switch
    {
        "place" => "its place in the ledger",
        "log" => $"the log's own word alone (not after {NotAfter})",
        _ => $"the word of the {By} {Name} (not after {NotAfter})",
    }}";
}
