namespace Cairn.Evidence;

/// <summary>
/// Bytes that do not have the form the specification asks for. The message names the thing, the place, what was
/// expected and what was found.
/// </summary>
public class EvidenceFormatException : FormatException
{
    /// <summary>A format error with its explanation.</summary>
    public EvidenceFormatException(string message)
        : base(message)
    {
    }

    /// <summary>A format error found by another parser.</summary>
    public EvidenceFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
