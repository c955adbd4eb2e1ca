namespace Cairn.Policy.Engine;

/// <summary>A call to the engine did not end: it trapped, or used up its work or memory. Its instance must not be used again.</summary>
/// <param name="message">What happened, without any content.</param>
/// <param name="innerException">The cause.</param>
public sealed class CedarCallException(string message, Exception? innerException = null) : Exception(message, innerException);
