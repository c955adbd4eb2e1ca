using System.Security.Cryptography;
using System.Text.Json;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Decisions;
using Cairn.Evidence.Records;

namespace Cairn.Evidence.Verification;

/// <summary>Disclosed contents against the commitments in their records, in the order of the records (docs/spec/verification.md §6).</summary>
internal sealed class ContentCheck
{
    private const int MostLine = 1024;
    private readonly LineReader _index;
    private readonly ZipFileStream _content;
    private readonly FailureList _integrity;
    private readonly VerifyOptions _options;
    private readonly DecisionCheck _decisions;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private MemoryStream? _whole;
    private DisclosedContent? _next;

    public ContentCheck(BundleContents bundle, FailureList integrity, VerifyOptions options, DecisionCheck decisions)
    {
        _decisions = decisions;
        _options = options;
        _index = new LineReader(bundle[BundleFiles.ContentIndex], BundleFiles.ContentIndex, MostLine);
        _content = bundle[BundleFiles.Content];
        _integrity = integrity;
        Advance();
    }

    public long Contents { get; private set; }

    /// <summary>Checks the contents of a record, if any are disclosed.</summary>
    public void Take(in RecordView record)
    {
        while (_next is { } content && content.Record == record.Id)
        {
            var subject = $"{content.Member} of record {content.Record}";
            var committed = CommitmentOf(record, content.Member);
            var isInput = DecisionCheck.IsInput(record, content.Member);
            var (value, read) = Commit(content, isInput);
            if (committed is null)
            {
                _integrity.Add(ReasonCodes.ContentUnclaimed, "content", subject, "a commitment in that member", "none");
            }
            else if (value != committed || read != content.Bytes)
            {
                _integrity.Add(ReasonCodes.ContentMismatch, "content", subject, $"content with the commitment {committed}", $"{value}: {read} bytes of other content, or another key");
            }
            else
            {
                Tell(content, isInput);
            }

            Advance();
        }
    }

    /// <summary>Whatever is left belongs to no record.</summary>
    public void Finish()
    {
        if (_next is { } content)
        {
            _integrity.Add(ReasonCodes.ContentUnclaimed, "content", $"{content.Member} of record {content.Record}", "contents of the bundle's records, in their order", "content of another");
        }
        else if (_content.Position < _content.Length)
        {
            _integrity.Add(ReasonCodes.ContentUnclaimed, "file", BundleFiles.Content, $"{_content.Position} bytes, which {BundleFiles.ContentIndex} lists", $"{_content.Length}");
        }
    }

    private static Digest? CommitmentOf(in RecordView record, string member)
    {
        var body = JsonElement.Parse(record.Body);
        try
        {
            if (!body.TryGetProperty(member, out var value))
            {
                return null;
            }

            // What is kept of redacted content is the redacted form, which has a commitment of its own.
            return HeldCommitment.Parse(value).ForKept(member).Value;
        }
        catch (EvidenceFormatException)
        {
            // Not a commitment: the caller reports that there is none.
            return null;
        }
    }

    private void Tell(DisclosedContent content, bool isInput)
    {
        var bytes = _whole?.ToArray();
        if (isInput)
        {
            _decisions.Offer(content.Bytes <= DecisionCheck.MostInputBytes ? bytes : null);
        }

        if (_options.Content is not null && content.Bytes <= _options.MaxContentBytes)
        {
            _options.Content(new BundleContent(content.Record, content.Member, content.Key, bytes));
        }
    }

    private (Digest Value, long Read) Commit(DisclosedContent content, bool isInput)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, content.Key.Span);
        _whole = (_options.Content is not null && content.Bytes <= _options.MaxContentBytes) || (isInput && content.Bytes <= DecisionCheck.MostInputBytes) ? new MemoryStream() : null;
        var left = content.Bytes;
        while (left > 0)
        {
            var read = _content.Read(_buffer.AsSpan(0, (int)Math.Min(left, _buffer.Length)));
            if (read == 0)
            {
                break;
            }

            hmac.AppendData(_buffer.AsSpan(0, read));
            _whole?.Write(_buffer.AsSpan(0, read));
            left -= read;
        }

        return (new Digest(hmac.GetHashAndReset()), content.Bytes - left);
    }

    private void Advance()
    {
        _next = _index.TryRead(out var line) ? DisclosedContent.Parse(line, _index.Lines) : null;
        Contents += _next is null ? 0 : 1;
    }
}
