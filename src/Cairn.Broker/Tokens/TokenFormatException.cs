namespace Cairn.Broker.Tokens;

/// <summary>A token, proof or key is not what its specification says, or its signature is not its key's. The message holds no part of it.</summary>
/// <param name="message">What was wrong, expected and found.</param>
/// <param name="innerException">The cause.</param>
public sealed class TokenFormatException(string message, Exception? innerException = null) : Exception(message, innerException);
