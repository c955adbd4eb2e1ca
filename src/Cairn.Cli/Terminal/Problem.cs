using Cairn.Evidence;
using Cairn.Evidence.Submissions;

namespace Cairn.Cli.Terminal;

/// <summary>Turns an exception that reached the top into the text that the user reads; the exit code is then 2.</summary>
internal static class Problem
{
    public static string Explain(Exception problem) => problem switch
    {
        CliException or LedgerUnavailableException or SubmissionRejectedException or EvidenceFormatException => Chain(problem),
        OperationCanceledException => "interrupted",
        UnauthorizedAccessException or IOException => Chain(problem),
        _ when problem.GetType().Namespace?.StartsWith("Cairn.", StringComparison.Ordinal) == true => Chain(problem),
        _ => $"unexpected {problem}\nThis is a defect in Cairn: please report it with the text above.",
    };

    private static string Chain(Exception problem) =>
        problem.InnerException is { } inner && !problem.Message.Contains(inner.Message, StringComparison.Ordinal)
            ? $"{problem.Message}: {inner.Message}"
            : problem.Message;
}
