namespace Cairn.Workload.Protocol;

/// <summary>The metadata that every request carries (SPIFFE_Workload_Endpoint.md §3), so that nobody's server can be tricked into sending one.</summary>
internal static class SpiffeMetadata
{
    public const string Key = "workload.spiffe.io";
    public const string Value = "true";
}
