namespace Cairn.Evidence.Bundles;

/// <summary>A bundle that can't be read on: what of it, and why. Verification turns it into a failure of integrity.</summary>
internal sealed class BundleFault(string code, string subjectKind, string subject, string expected, string found, Exception? cause = null)
    : Exception($"{subjectKind} {subject}: expected {expected}, found {found}", cause)
{
    public string Code { get; } = code;

    public string SubjectKind { get; } = subjectKind;

    public string Subject { get; } = subject;

    public string Expected { get; } = expected;

    public string Found { get; } = found;

    public static BundleFault Zip(string code, string subject, string expected, string found) => new(code, "zip", subject, expected, found);

    public static BundleFault File(string code, string name, string expected, string found, Exception? cause = null) =>
        new(code, "file", name, expected, found, cause);
}
