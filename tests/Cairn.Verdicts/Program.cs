using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;
using Cairn.Policy.Checking;

// Verifies many bundles in one process. On stdin, for each: the policy and the bundle, each with its length before it (four
// bytes, big-endian; all ones for no policy). On stdout, for each, one line: the report on it as `cairn verify --output json`
// gives it, {"policy":"malformed"} for a policy that can't be read, or {"exception":…} for what a verifier must never throw.
using var input = new BufferedStream(Console.OpenStandardInput(), 1 << 16);
using var output = Console.OpenStandardOutput();
while (TryRead(input, out var policy) && TryRead(input, out var bundle))
{
    output.Write(Encoding.UTF8.GetBytes(Verdict(bundle!, policy) + "\n"));
    output.Flush();
}

static bool TryRead(Stream input, out byte[]? bytes)
{
    Span<byte> length = stackalloc byte[4];
    bytes = null;
    if (input.ReadAtLeast(length, 4, throwOnEndOfStream: false) < 4)
    {
        return false;
    }

    if (BinaryPrimitives.ReadUInt32BigEndian(length) is var count && count != uint.MaxValue)
    {
        input.ReadExactly(bytes = new byte[count]);
    }

    return true;
}

static string Verdict(byte[] bundle, byte[]? policy)
{
    try
    {
        var trust = policy is null ? null : TrustPolicy.Parse(policy);
        using var zip = new MemoryStream(bundle);
        using var engine = new DecisionEngine();
        return Encoding.UTF8.GetString(VerificationJson.Encode(BundleVerifier.Verify(zip, trust, new VerifyOptions { Decisions = engine }, CancellationToken.None))).ReplaceLineEndings("");
    }
    catch (EvidenceFormatException) when (policy is not null)
    {
        return """{"policy":"malformed"}""";
    }
    catch (Exception problem)
    {
        return JsonSerializer.Serialize(new { exception = problem.ToString() });
    }
}
