using Cairn.Evidence;

namespace Cairn.Trails.Findings;

/// <summary>One check over a trail.</summary>
/// <param name="Id">Group and name, such as <c>authority.act_after_deny</c>.</param>
/// <param name="Severity">How much its findings matter.</param>
/// <param name="Title">What its findings say, in one line.</param>
/// <param name="Check">Finds what does not hold, as a pure function of the case.</param>
public sealed record Rule(string Id, Severity Severity, string Title, Func<TrailCase, IEnumerable<Miss>> Check)
{
    /// <summary>
    /// Whether its findings rest on something's being absent: a record that comes later can settle them. Findings of the
    /// other rules stand for good, whatever comes.
    /// </summary>
    public bool RestsOnAbsence { get; init; }

    /// <summary>The group: lineage, authority, credentials, environment or evidence.</summary>
    public string Group => Id[..Id.IndexOf('.', StringComparison.Ordinal)];

    /// <summary>The findings in a case, in a fixed order.</summary>
    public IEnumerable<Finding> Run(TrailCase trail) =>
        Check(trail).Select(miss => new Finding(Id, Severity, trail.Trail.Trace, miss.Subject, miss.Expected, miss.Found, [.. miss.Records.Distinct()])
        {
            Key = miss.IsAboutSubject ? miss.Subject : miss.Records.First().ToString(),
        });
}

/// <summary>Where a rule does not hold.</summary>
/// <param name="Subject">What it is about, in words.</param>
/// <param name="Expected">What should have been found.</param>
/// <param name="Found">What was found.</param>
/// <param name="Records">The records that it rests on; the first is the one it is about.</param>
public readonly record struct Miss(string Subject, string Expected, string Found, params IEnumerable<RecordId> Records)
{
    /// <summary>Whether it is about its subject as a whole, such as a credential or an emitter, and not about its first record.</summary>
    public bool IsAboutSubject { get; init; }
}
