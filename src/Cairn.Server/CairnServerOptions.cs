namespace Cairn.Server;

/// <summary>How a server runs.</summary>
public sealed record CairnServerOptions
{
    /// <summary>The data directory; made when there is none.</summary>
    public required string DataPath { get; init; }

    /// <summary>Where to listen. Beyond loopback, put TLS in front: tokens travel in the requests.</summary>
    public string Url { get; init; } = "http://127.0.0.1:7070";

    /// <summary>Lets anyone who can connect read. Only on a loopback address.</summary>
    public bool Open { get; init; }

    /// <summary>How long an SVID is good that enrolment gives.</summary>
    public TimeSpan SvidLifetime { get; init; } = Identity.LocalAuthority.DefaultTtl;

    /// <summary>How long a request for a receipt waits until a checkpoint covers the statement.</summary>
    public TimeSpan ReceiptPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the newest checkpoint is stamped, where the data directory has timestamp authorities.</summary>
    public TimeSpan TimestampEvery { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where the server says what a person should know. By default stderr.</summary>
    public Action<string> Log { get; init; } = static message => Console.Error.WriteLine($"cairn: {message}");
}

/// <summary>The server can't start as asked. The message names the option or file and the remedy.</summary>
public sealed class CairnServerException(string message, Exception? innerException = null) : Exception(message, innerException);
