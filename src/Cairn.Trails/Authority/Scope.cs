namespace Cairn.Trails;

/// <summary>
/// A set of rights, as scope strings name them. Two scope strings are the same right when their texts are; one that ends
/// in <c>*</c> stands for every right that begins with what precedes the star. <c>tool:NAME</c> is the right to call that
/// tool; what other strings mean is their issuer's to say, so that nothing is concluded from them but more or less.
/// </summary>
public sealed class Scope
{
    private const string ToolPrefix = "tool:";

    private Scope(IReadOnlyList<string>? rights) => Rights = rights;

    /// <summary>No limit is known.</summary>
    public static Scope Unlimited { get; } = new(null);

    /// <summary>The rights, sorted; null: no limit is known.</summary>
    public IReadOnlyList<string>? Rights { get; }

    /// <summary>These rights and no others.</summary>
    public static Scope Of(IEnumerable<string> rights) => new([.. rights.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);

    /// <summary>Whether a right is in it.</summary>
    public bool Covers(string right) => Rights is null || Rights.Any(own => Covers(own, right));

    /// <summary>The rights of another scope that are not in this one.</summary>
    public IReadOnlyList<string> Beyond(Scope other) =>
        Rights is null ? [] : other.Rights is null ? ["(no limit)"] : [.. other.Rights.Where(right => !Covers(right))];

    /// <summary>What is in both.</summary>
    public Scope Intersect(Scope other) => Rights is null ? other
        : other.Rights is null ? this
        : Of(other.Rights.Where(Covers).Concat(Rights.Where(other.Covers)));

    /// <summary>Whether it permits a call of the tool; null: it speaks of no tool, so that can't be told.</summary>
    public bool? PermitsTool(string tool)
    {
        var tools = Rights?.Where(right => right.StartsWith(ToolPrefix, StringComparison.Ordinal) || right == "*").ToList();
        return tools is null or [] ? null : tools.Any(right => Covers(right, ToolPrefix + tool));
    }

    /// <summary>The rights, separated by spaces.</summary>
    public override string ToString() => Rights is null ? "no limit known" : Rights.Count == 0 ? "nothing" : string.Join(' ', Rights);

    private static bool Covers(string own, string right) =>
        own == right || (own.EndsWith('*') && right.StartsWith(own.AsSpan(0, own.Length - 1), StringComparison.Ordinal));
}
