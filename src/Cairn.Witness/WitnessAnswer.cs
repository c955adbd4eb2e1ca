namespace Cairn.Witness;

/// <summary>What the witness answers.</summary>
/// <param name="Status">The HTTP status code.</param>
/// <param name="Body">The body's bytes.</param>
/// <param name="ContentType">The body's media type.</param>
public readonly record struct WitnessAnswer(int Status, ReadOnlyMemory<byte> Body, string ContentType = "text/plain; charset=utf-8");
