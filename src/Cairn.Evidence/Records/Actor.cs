namespace Cairn.Evidence.Records;

/// <summary>Who did what a record says.</summary>
/// <param name="Id">The workload's SPIFFE ID.</param>
/// <param name="Instance">Which running copy of it: free text such as a host and process id.</param>
/// <param name="Owner">The accountable owner: a person or a team; empty when nobody was named.</param>
public sealed record Actor(SpiffeId Id, string Instance, string Owner);
