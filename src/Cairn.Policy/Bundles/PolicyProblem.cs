namespace Cairn.Policy.Bundles;

/// <summary>Something that is wrong with a bundle, and where.</summary>
/// <param name="File">The file's path in the bundle; empty when it is the bundle as a whole.</param>
/// <param name="Line">From 1; 0 when no line can be named.</param>
/// <param name="Column">From 1; 0 when no column can be named.</param>
/// <param name="Message">What was expected and what was found.</param>
/// <param name="IsWarning">True when the bundle may be used all the same.</param>
public sealed record PolicyProblem(string File, int Line, int Column, string Message, bool IsWarning = false)
{
    /// <summary><c>file:line:column: message</c>, as editors read it.</summary>
    public override string ToString()
    {
        var place = Line == 0 ? File : Column == 0 ? $"{File}:{Line}" : $"{File}:{Line}:{Column}";
        return place.Length == 0 ? Message : $"{place}: {Message}";
    }
}

/// <summary>A bundle can't be used.</summary>
public sealed class PolicyBundleException : Exception
{
    /// <param name="problems">All that is wrong; at least one.</param>
    public PolicyBundleException(IReadOnlyList<PolicyProblem> problems)
        : base(string.Join("; ", (problems ?? throw new ArgumentNullException(nameof(problems))).Where(p => !p.IsWarning).Take(5))) => Problems = problems;

    /// <param name="message">What is wrong with the bundle as a whole.</param>
    /// <param name="innerException">The cause.</param>
    public PolicyBundleException(string message, Exception? innerException = null)
        : base(message, innerException) => Problems = [new PolicyProblem("", 0, 0, message)];

    /// <summary>All that is wrong, warnings too, in the order of the files.</summary>
    public IReadOnlyList<PolicyProblem> Problems { get; }
}
