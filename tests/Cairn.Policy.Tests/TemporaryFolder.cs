namespace Cairn.Policy.Tests;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cairn-policy-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>A bundle's folder with these policies; written so that a later look sees another time.</summary>
    public string Bundle(string policies, string? manifest = null)
    {
        File.WriteAllText(this["bundle.json"], manifest ?? Tests.Bundle.Manifest);
        File.WriteAllText(this["schema.cedarschema"], Tests.Bundle.Schema);
        File.WriteAllText(this["policies.cedar"], policies);
        return Path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
