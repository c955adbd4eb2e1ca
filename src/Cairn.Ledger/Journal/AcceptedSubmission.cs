using Cairn.Evidence;
using Cairn.Evidence.Submissions;

namespace Cairn.Ledger.Journal;

/// <summary>A submission whose signature, issuer and records were found good, in the form that the journal stores.</summary>
/// <param name="Submission">As received.</param>
/// <param name="Records">The packed records.</param>
/// <param name="Trails">How many of its records each trail has; keys are the trace's 16 bytes as text.</param>
internal sealed record AcceptedSubmission(Submission Submission, byte[] Records, IReadOnlyDictionary<TraceId, int> Trails);
