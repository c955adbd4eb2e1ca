using Cairn.Evidence;

namespace Cairn.Trails.Findings;

/// <summary>Whether credentials were known, and used while they held.</summary>
internal static class LifetimeRules
{
    public static readonly Rule Unknown = new("credentials.unknown", Severity.Medium, "A credential was used that this ledger never saw issued", trail =>
        !trail.Credentials.IsWhole ? [] :
            from use in trail.Uses
            where trail.Credentials.Find(use.Credential)?.IssueRecord is null
            group use by use.Credential into uses
            select new Miss($"the credential {uses.Key}", "a credential.issued", $"none, and {uses.Count()} uses", uses.Take(20).Select(use => use.Use.Record)) { IsAboutSubject = true })
    { RestsOnAbsence = true };

    public static readonly Rule BeforeIssue = new("credentials.used_before_issue", Severity.High, "A credential was used before it was issued", trail =>
        from known in Known(trail)
        where known.Credential.Issued is { } issued && trail.IsAfter(issued, known.Use.Use.Time)
        select Late(known, $"a use after the issue at {Text(known.Credential.Issued!.Value)}", known.Credential.IssueRecord));

    public static readonly Rule AfterExpiry = new("credentials.used_after_expiry", Severity.High, "A credential was used after it had expired", trail =>
        from known in Known(trail)
        where known.Credential.Expires is { } expires && trail.IsAfter(known.Use.Use.Time, expires)
        select Late(known, $"a use before the expiry at {Text(known.Credential.Expires!.Value)}", known.Credential.IssueRecord));

    public static readonly Rule AfterRevocation = new("credentials.used_after_revocation", Severity.Critical, "A credential was used after it had been revoked", trail =>
        from known in Known(trail)
        where known.Credential is { Ending: "revoked", Ended: { } ended } && trail.IsAfter(known.Use.Use.Time, ended)
        select Late(known, $"no use after the revocation at {Text(known.Credential.Ended!.Value)} ({known.Credential.Reason})", known.Credential.EndRecord));

    public static readonly Rule LongLived = new("credentials.long_lived", Severity.Low, "A credential lives longer than a task needs", trail =>
        from issued in trail.Trail.Authority.Credentials
        where issued is { Issued: not null, IssueRecord: not null }
        let life = issued.Expires - issued.Issued
        where life is null || life > trail.Options.LongLived
        select new Miss(
            $"the credential {issued.Id} ({issued.Type})", $"a lifetime of at most {trail.Options.LongLived.TotalHours:0.#} hours",
            life is { } hours ? $"{hours.TotalHours:0.#} hours" : "no end", issued.IssueRecord!.Value));

    public static readonly Rule IssuedTwice = new("credentials.issued_twice", Severity.High, "Two credentials were issued under one id", trail =>
        from issued in trail.Trail.Authority.Credentials
        where issued.IssuedAgain.Count > 0
        select new Miss($"the credential {issued.Id}", "one issue under an id", $"{issued.IssuedAgain.Count + 1}", new[] { issued.IssueRecord!.Value }.Concat(issued.IssuedAgain)) { IsAboutSubject = true });

    private static IEnumerable<(UsedCredential Use, TrailCredential Credential)> Known(TrailCase trail) =>
        from use in trail.Uses
        let credential = trail.Credentials.Find(use.Credential)
        where credential is not null
        select (use, credential);

    private static Miss Late((UsedCredential Use, TrailCredential Credential) known, string expected, RecordId? rests) => new(
        $"the credential {known.Credential.Id}", expected, $"a use at {Text(known.Use.Use.Time)} by {known.Use.Use.By}",
        rests is { } record ? [known.Use.Use.Record, record] : [known.Use.Use.Record]);

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
