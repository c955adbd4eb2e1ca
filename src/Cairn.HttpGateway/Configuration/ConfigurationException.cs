namespace Cairn.HttpGateway.Configuration;

/// <summary>A gateway's configuration can't be used.</summary>
/// <param name="message">File, JSON path, what was expected and what was found.</param>
/// <param name="innerException">The cause.</param>
public sealed class ConfigurationException(string message, Exception? innerException = null) : Exception(message, innerException);
