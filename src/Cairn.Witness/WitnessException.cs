namespace Cairn.Witness;

/// <summary>A witness can't be made, opened or started as asked. The message names the file or option and the remedy.</summary>
public sealed class WitnessException(string message, Exception? innerException = null) : Exception(message, innerException);
