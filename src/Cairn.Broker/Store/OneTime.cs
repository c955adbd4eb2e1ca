namespace Cairn.Broker.Store;

/// <summary>Something that may be shown once: a proof, an assertion.</summary>
/// <param name="Id">A hash that stands for it.</param>
/// <param name="Until">How long it has to be remembered: as long as it could be taken at all.</param>
internal sealed record OneTime(byte[] Id, DateTimeOffset Until);
