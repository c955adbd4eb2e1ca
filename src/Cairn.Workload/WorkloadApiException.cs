namespace Cairn.Workload;

/// <summary>Why a Workload API did not give what was asked for.</summary>
public enum WorkloadApiFault
{
    /// <summary>The endpoint's URI has another form.</summary>
    Endpoint,

    /// <summary>It can't be reached, or is not able to answer now: asking again after a while may help.</summary>
    Unavailable,

    /// <summary>It has no identity for this process: asking again helps once somebody registered it.</summary>
    Denied,

    /// <summary>It says that the request is wrong: asking again does not help.</summary>
    Request,

    /// <summary>What it answered breaks the SPIFFE specifications.</summary>
    Answer,
}

/// <summary>A Workload API did not give what was asked for. The message names the endpoint and the reason, and never holds a key or token.</summary>
/// <param name="fault">What kind of failure it is.</param>
/// <param name="message">The endpoint, what was expected and what was found.</param>
/// <param name="innerException">The cause.</param>
public sealed class WorkloadApiException(WorkloadApiFault fault, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What kind of failure it is.</summary>
    public WorkloadApiFault Fault { get; } = fault;
}
