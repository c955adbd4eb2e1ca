using System.Security.Cryptography.X509Certificates;

namespace Cairn.Evidence.Statements;

/// <summary>The times at which every certificate of a path is valid, in whole seconds, the first and the last included.</summary>
internal readonly record struct PathValidity(DateTimeOffset From, DateTimeOffset To)
{
    // The last second may be the last of the calendar: nothing is added to it.
    public bool Holds(DateTimeOffset at) => at >= From && at - To < TimeSpan.FromSeconds(1);

    public static PathValidity Of(X509Certificate2 certificate) =>
        new(new DateTimeOffset(certificate.NotBefore.ToUniversalTime()), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));

    public static PathValidity Of(X509Chain path) => path.ChainElements.Select(element => Of(element.Certificate)).Aggregate(
        (one, other) => new PathValidity(one.From > other.From ? one.From : other.From, one.To < other.To ? one.To : other.To));
}
