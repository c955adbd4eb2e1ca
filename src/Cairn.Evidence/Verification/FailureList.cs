using Cairn.Evidence.Bundles;

namespace Cairn.Evidence.Verification;

/// <summary>Failures of one verdict: all counted, the first ones kept, so that a bundle can't fill memory with them.</summary>
internal sealed class FailureList(int most)
{
    private readonly List<VerificationFailure> _first = [];

    public long Count { get; private set; }

    public IReadOnlyList<VerificationFailure> First => _first;

    /// <summary>Whether one more would be kept: callers with costly texts ask first and else call <see cref="Skip"/>.</summary>
    public bool Keeps => _first.Count < most;

    public void Skip() => Count++;

    public void Add(string code, string subjectKind, string subject, string expected, string found)
    {
        Count++;
        if (_first.Count < most)
        {
            _first.Add(new VerificationFailure(code, new VerificationSubject(subjectKind, subject), expected, found));
        }
    }

    public void Add(BundleFault fault) => Add(fault.Code, fault.SubjectKind, fault.Subject, fault.Expected, fault.Found);
}
