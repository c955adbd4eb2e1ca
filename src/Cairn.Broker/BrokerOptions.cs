using Cairn.Evidence;

namespace Cairn.Broker;

/// <summary>How a broker is opened.</summary>
public sealed record BrokerOptions
{
    /// <summary>The data directory, made where there is none.</summary>
    public required string DataPath { get; init; }

    /// <summary>What it may give to whom; null: <c>broker/broker.json</c> in the data directory.</summary>
    public BrokerSettings? Settings { get; init; }

    /// <summary>Who signs its records; null: <c>spiffe://TRUST-DOMAIN/gateway/broker</c>.</summary>
    public SpiffeId? Identity { get; init; }

    /// <summary>Who answers for it.</summary>
    public string Owner { get; init; } = "";

    /// <summary>How often it looks for what expired; null: never by itself.</summary>
    public TimeSpan? SweepEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where it says what a person should know; no secret is among it.</summary>
    public Action<string> Log { get; init; } = static message => Console.Error.WriteLine($"cairn: {message}");
}
