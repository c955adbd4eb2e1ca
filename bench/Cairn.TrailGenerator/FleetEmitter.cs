using Cairn.Evidence;

namespace Cairn.TrailGenerator;

/// <summary>Who signs: a gateway on one host, an agent that tells of itself, the broker, an importer.</summary>
/// <param name="Number">Its place in the fleet, from 0.</param>
/// <param name="Id">Its SPIFFE ID.</param>
/// <param name="Stream">Its one stream.</param>
/// <param name="Skew">How far its clock is off.</param>
public sealed record FleetEmitter(int Number, SpiffeId Id, StreamId Stream, TimeSpan Skew);

/// <summary>A record as its emitter wrote it, before anybody signed it.</summary>
/// <param name="Emitter">The emitter.</param>
/// <param name="Bytes">The record.</param>
public readonly record struct FleetRecord(FleetEmitter Emitter, ReadOnlyMemory<byte> Bytes);

/// <summary>What an emitter signs at once, in the order of its stream.</summary>
/// <param name="Emitter">The emitter.</param>
/// <param name="Records">The records, at least one.</param>
public sealed record FleetStatement(FleetEmitter Emitter, IReadOnlyList<ReadOnlyMemory<byte>> Records);
