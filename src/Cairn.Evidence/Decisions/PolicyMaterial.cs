using Cairn.Evidence.Bundles;
using Cairn.Evidence.Verification;

namespace Cairn.Evidence.Decisions;

/// <summary>
/// The policy bundles and the engine that an evidence bundle brings along (docs/spec/verification.md §13). Each is bound by its digest,
/// which signed records name: what no record names does not belong there.
/// </summary>
internal sealed class PolicyMaterial
{
    private const int MostLine = 128;
    private const int MostLines = 4096;
    private const int MostBytes = 64 << 20;
    private const int MostEngineBytes = 32 << 20;

    private readonly Dictionary<Digest, ReadOnlyMemory<byte>> _policies = [];
    private readonly HashSet<Digest> _unclaimed = [];
    private readonly FailureList _integrity;
    private Digest? _engine;

    private PolicyMaterial(FailureList integrity) => _integrity = integrity;

    /// <summary>Reads what there is of it, before the records.</summary>
    /// <exception cref="BundleFault">A file can't be read on.</exception>
    public static PolicyMaterial Read(BundleContents bundle, VerifyOptions options, FailureList integrity)
    {
        var material = new PolicyMaterial(integrity);
        if (bundle.Has(BundleFiles.PolicyIndex))
        {
            material.ReadPolicies(bundle, options);
        }

        if (bundle.Has(BundleFiles.Engine))
        {
            // Not to be run from here, but to be the one that records name: its digest is the manifest's, or the file fails.
            material._engine = bundle.DigestOf(BundleFiles.Engine, MostEngineBytes);
        }

        return material;
    }

    /// <summary>A policy bundle's sealed bytes; null where the bundle does not bring it.</summary>
    public ReadOnlyMemory<byte>? Find(Digest policy) => _policies.TryGetValue(policy, out var bytes) ? bytes : default(ReadOnlyMemory<byte>?);

    /// <summary>A decision names them.</summary>
    public void Claim(Digest? policy, Digest? engine)
    {
        if (policy is { } named)
        {
            _unclaimed.Remove(named);
        }

        _engine = _engine == engine ? null : _engine;
    }

    /// <summary>After the last record: what no decision named.</summary>
    public void Finish()
    {
        foreach (var policy in _unclaimed)
        {
            _integrity.Add(ReasonCodes.PolicyUnclaimed, "policy", policy.ToString(), "a policy bundle that a decision of the bundle names", "one that none names");
        }

        if (_engine is { } engine)
        {
            _integrity.Add(ReasonCodes.PolicyUnclaimed, "file", BundleFiles.Engine, "the engine that a decision of the bundle names", $"another: {engine}");
        }
    }

    private void ReadPolicies(BundleContents bundle, VerifyOptions options)
    {
        var content = bundle[BundleFiles.Policies];
        if (content.Length > MostBytes)
        {
            throw BundleFault.File(ReasonCodes.FileTooLarge, BundleFiles.Policies, $"at most {MostBytes} bytes", $"{content.Length}");
        }

        var lines = new LineReader(bundle[BundleFiles.PolicyIndex], BundleFiles.PolicyIndex, MostLine);
        Digest? last = null;
        while (lines.TryRead(out var line))
        {
            var policy = BundledPolicy.Parse(line, lines.Lines);
            if (lines.Lines > MostLines)
            {
                throw BundleFault.File(ReasonCodes.FileTooLarge, BundleFiles.PolicyIndex, $"at most {MostLines} lines", "more");
            }

            if (last is { } before && string.CompareOrdinal(policy.Digest.ToString(), before.ToString()) <= 0)
            {
                throw BundleFault.File(ReasonCodes.LineMalformed, BundleFiles.PolicyIndex, $"digests in ascending order, above {before}", $"{policy.Digest} in line {lines.Lines}");
            }

            last = policy.Digest;
            Take(policy, content, options);
        }

        if (content.Position < content.Length)
        {
            _integrity.Add(ReasonCodes.PolicyUnclaimed, "file", BundleFiles.Policies, $"{content.Position} bytes, which {BundleFiles.PolicyIndex} lists", $"{content.Length}");
        }
    }

    private void Take(BundledPolicy policy, ZipFileStream content, VerifyOptions options)
    {
        var bytes = new byte[Math.Min(policy.Bytes, content.Length - content.Position)];
        content.ReadExactly(bytes);
        var found = Digest.Sha256(bytes);
        if (bytes.Length != policy.Bytes || found != policy.Digest)
        {
            _integrity.Add(
                ReasonCodes.PolicyMismatch, "policy", policy.Digest.ToString(), $"{policy.Bytes} bytes with that SHA-256",
                bytes.Length != policy.Bytes ? $"the end of {BundleFiles.Policies} after {bytes.Length}" : $"{found}");
            return;
        }

        _policies[policy.Digest] = bytes;
        _unclaimed.Add(policy.Digest);
        options.Policy?.Invoke(policy.Digest, bytes);
    }
}
