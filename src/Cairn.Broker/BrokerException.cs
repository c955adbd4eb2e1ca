namespace Cairn.Broker;

/// <summary>The broker can't start or go on as asked. The message names the file or setting and the remedy.</summary>
/// <param name="message">What and where.</param>
/// <param name="innerException">The cause.</param>
public sealed class BrokerException(string message, Exception? innerException = null) : Exception(message, innerException);
