using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Records;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Bundles;

/// <summary>
/// Puts a bundle together in one pass: each part goes to a stream of its own (a temporary file, or memory), then all
/// into the zip. The same evidence and the same creation time give the same bytes.
/// </summary>
public sealed class BundleAssembler : IDisposable
{
    private readonly Func<string, Stream> _open;
    private readonly Dictionary<string, Stream> _parts = [];
    private readonly Utf8JsonWriter _json;
    private long _statements, _records, _heads, _certificates, _contents;

    /// <summary>An assembler whose parts are kept in the streams that <paramref name="openPart"/> gives: readable, writable, seekable, empty.</summary>
    public BundleAssembler(Func<string, Stream> openPart)
    {
        _open = openPart;
        _json = new Utf8JsonWriter(Stream.Null, new JsonWriterOptions { Encoder = RecordWriter.Options.Encoder, SkipValidation = true });
    }

    /// <summary>Adds a statement, in ledger order, with those of its records that the bundle has.</summary>
    public void Add(SignedStatement statement, StatementProof proof, IEnumerable<ReadOnlyMemory<byte>> presentRecords)
    {
        Span<byte> length = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)statement.Bytes.Length);
        var statements = Part(BundleFiles.Statements);
        statements.Write(length);
        statements.Write(statement.Bytes.Span);
        WriteLine(BundleFiles.Proofs, proof.WriteTo);
        _statements++;
        var records = Part(BundleFiles.Records);
        foreach (var record in presentRecords)
        {
            records.Write(record.Span);
            records.WriteByte((byte)'\n');
            _records++;
        }
    }

    /// <summary>Adds a tree head with its proof; by ascending size.</summary>
    public void Add(HeadProof head)
    {
        WriteLine(BundleFiles.Heads, head.WriteTo);
        _heads++;
    }

    /// <summary>Adds a checkpoint with independent times; by ascending size.</summary>
    public void Add(Anchor anchor) => WriteLine(BundleFiles.Anchors, anchor.WriteTo);

    /// <summary>Adds a certificate chain.</summary>
    public void Add(CertificateChain chain)
    {
        WriteLine(BundleFiles.Certificates, chain.WriteTo);
        _certificates++;
    }

    /// <summary>Adds a statement with changes of trust bundles; in ledger order.</summary>
    public void Add(TrustEvidence trust)
    {
        WriteLine(BundleFiles.Trust, trust.WriteTo);
    }

    /// <summary>Adds a succession of the log's keys; by ascending size of its checkpoint.</summary>
    public void Add(SuccessionEvidence succession) => WriteLine(BundleFiles.Keys, succession.WriteTo);

    /// <summary>Discloses a content, in the order of the records in the bundle.</summary>
    public void Add(RecordId record, string member, ReadOnlyMemory<byte> commitmentKey, ReadOnlySpan<byte> content)
    {
        WriteLine(BundleFiles.ContentIndex, new DisclosedContent(record, member, commitmentKey, content.Length).WriteTo);
        Part(BundleFiles.Content).Write(content);
        _contents++;
    }

    /// <summary>Adds a policy bundle in its sealed form; by ascending digest.</summary>
    public void Add(BundledPolicy policy, ReadOnlySpan<byte> sealedPolicy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        WriteLine(BundleFiles.PolicyIndex, policy.WriteTo);
        Part(BundleFiles.Policies).Write(sealedPolicy);
    }

    /// <summary>Puts the policy engine into the bundle: WebAssembly whose digest decisions of the bundle name (docs/spec/bundle.md §14).</summary>
    public void AddEngine(ReadOnlySpan<byte> wasm) => Part(BundleFiles.Engine).Write(wasm);

    /// <summary>Puts the report into the bundle: a page for people, of which verifiers claim nothing (docs/spec/bundle.md §11).</summary>
    public void AddReport(ReadOnlySpan<byte> html) => Part(BundleFiles.Report).Write(html);

    /// <summary>Puts the verifier for browsers into the bundle: the released file, byte for byte (docs/spec/bundle.md §12).</summary>
    public void AddVerifier(ReadOnlySpan<byte> html) => Part(BundleFiles.Verifier).Write(html);

    /// <summary>
    /// Writes the bundle to a seekable stream. More may be added behind it and the whole written again: so a report is made of
    /// the very bundle that it comes into.
    /// </summary>
    /// <exception cref="EvidenceFormatException">The bundle or one of its files passes 4 GiB.</exception>
    public void Finish(Stream output, TraceId trace, SignedNote checkpoint, TrustPolicy trust, DateTimeOffset created)
    {
        Replace(BundleFiles.Checkpoint, checkpoint.Encode());
        Replace(BundleFiles.TrustPolicy, System.Text.Encoding.UTF8.GetBytes(trust.Encode()));
        var names = BundleFiles.All.Where(name => name != BundleFiles.Manifest && (_parts.ContainsKey(name) || BundleFiles.Required.Contains(name))).ToList();
        var files = names.Select(name =>
        {
            var part = Part(name);
            part.Flush();
            part.Position = 0;
            return new BundleFile(name, part.Length, new Digest(SHA256.HashData(part)));
        }).ToList();
        var manifest = new BundleManifest(
            trace, Evidence.Checkpoints.Checkpoint.Of(checkpoint).Origin, created, new BundleCounts(_statements, _records, _heads, _certificates, _contents), files);
        var zip = new ZipWriter(output);
        using (var bytes = new MemoryStream(manifest.Encode()))
        {
            zip.Add(BundleFiles.Manifest, bytes);
        }

        foreach (var name in names)
        {
            zip.Add(name, Part(name));
        }

        zip.Finish();
    }

    /// <summary>Closes the parts.</summary>
    public void Dispose()
    {
        _json.Dispose();
        foreach (var part in _parts.Values)
        {
            part.Dispose();
        }
    }

    private void Replace(string name, byte[] bytes)
    {
        var part = Part(name);
        part.SetLength(0);
        part.Write(bytes);
    }

    private Stream Part(string name)
    {
        if (!_parts.TryGetValue(name, out var part))
        {
            _parts.Add(name, part = _open(name));
        }

        return part;
    }

    private void WriteLine(string name, Action<Utf8JsonWriter> write)
    {
        var part = Part(name);
        _json.Reset(part);
        write(_json);
        _json.Flush();
        part.WriteByte((byte)'\n');
    }
}
