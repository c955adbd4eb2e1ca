namespace Cairn.Sdk.Spooling;

/// <summary>The spool can't take or give back evidence: the disk is full or failing, or the quota is used up. The message says which.</summary>
public sealed class SpoolException(string message, Exception? innerException = null) : Exception(message, innerException);
