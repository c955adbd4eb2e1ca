using System.Security.Cryptography.X509Certificates;

namespace Cairn.Evidence.Statements;

/// <summary>The times at which every certificate of a path is valid, both ends included.</summary>
internal readonly record struct PathValidity(DateTimeOffset From, DateTimeOffset To)
{
    public bool Holds(DateTimeOffset at) => at >= From && at <= To;

    public static PathValidity Of(X509Chain path)
    {
        var (from, to) = (DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        foreach (var element in path.ChainElements)
        {
            var (notBefore, notAfter) = (new DateTimeOffset(element.Certificate.NotBefore.ToUniversalTime()), new DateTimeOffset(element.Certificate.NotAfter.ToUniversalTime()));
            (from, to) = (notBefore > from ? notBefore : from, notAfter < to ? notAfter : to);
        }

        return new PathValidity(from, to);
    }
}
