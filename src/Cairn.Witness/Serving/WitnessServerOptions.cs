using Cairn.Evidence.Trust;

namespace Cairn.Witness.Serving;

/// <summary>How a witness serves.</summary>
public sealed record WitnessServerOptions
{
    /// <summary>The witness's folder, made by <see cref="WitnessDirectory.Create"/>.</summary>
    public required string Path { get; init; }

    /// <summary>The keys of the logs that it cosigns.</summary>
    public required IReadOnlyList<PolicyLog> Logs { get; init; }

    /// <summary>Keys that these logs had before: the word of one counts for trees up to its size.</summary>
    public IReadOnlyList<RetiredKey> Retired { get; init; } = [];

    /// <summary>Where to listen. No secret travels: TLS only keeps others from answering in its place, and cosignatures show that.</summary>
    public string Url { get; init; } = "http://127.0.0.1:7080";

    /// <summary>A PEM file with the certificate chain to serve an https URL with, leaf first.</summary>
    public string? CertificatePath { get; init; }

    /// <summary>A PEM file with the certificate's key.</summary>
    public string? CertificateKeyPath { get; init; }

    /// <summary>The clock of the cosignatures.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where it says what a person should know. By default stderr.</summary>
    public Action<string> Log { get; init; } = static message => Console.Error.WriteLine($"cairn: {message}");
}
