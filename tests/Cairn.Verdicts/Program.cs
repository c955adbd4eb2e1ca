using Cairn.Evidence;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;
using Cairn.Policy.Checking;

// Verifies many bundles in one process. Each line of stdin is a bundle's path, a tab, and a policy's path or nothing; each line
// of stdout is the report on it as `cairn verify --output json` gives it, {"policy":"malformed"} for a policy that can't be
// read, or {"exception":…} for what a verifier must never throw.
while (Console.ReadLine() is { } line)
{
    var paths = line.Split('\t');
    Console.WriteLine(Verdict(paths[0], paths[1]));
}

static string Verdict(string bundle, string policy)
{
    TrustPolicy? trust;
    try
    {
        trust = policy.Length == 0 ? null : TrustPolicy.Parse(File.ReadAllBytes(policy));
    }
    catch (EvidenceFormatException)
    {
        return """{"policy":"malformed"}""";
    }

    try
    {
        using var file = File.OpenRead(bundle);
        using var engine = new DecisionEngine();
        var report = BundleVerifier.Verify(file, trust, new VerifyOptions { Decisions = engine }, CancellationToken.None);
        return System.Text.Encoding.UTF8.GetString(VerificationJson.Encode(report)).ReplaceLineEndings("");
    }
    catch (Exception problem)
    {
        return System.Text.Json.JsonSerializer.Serialize(new { exception = problem.ToString() });
    }
}
