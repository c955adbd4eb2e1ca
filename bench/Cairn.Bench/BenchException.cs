namespace Cairn.Bench;

/// <summary>A benchmark that could not be run, or whose result would be false; the message says why.</summary>
internal sealed class BenchException(string message, Exception? inner = null) : Exception(message, inner);
