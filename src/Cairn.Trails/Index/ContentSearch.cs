using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Ledger;

namespace Cairn.Trails.Index;

/// <summary>A record that commits to a content.</summary>
/// <param name="Entry">The record.</param>
/// <param name="Member">The member of the kind's own object that holds the commitment or the digest.</param>
/// <param name="Form">Which form of the content it was, in words.</param>
public sealed record ContentMatch(TrailRecord Entry, string Member, string Form);

/// <summary>What was tried to find a content.</summary>
/// <param name="Matches">The records that commit to it, newest first.</param>
/// <param name="Forms">The forms that were tried, in words.</param>
/// <param name="Tested">How many commitments were recomputed: those to a content of the same length.</param>
/// <param name="Untested">How many more are to a content of the same length, and their trails' keys are gone.</param>
/// <param name="Keyless">The trails that these are in.</param>
public sealed record ContentAnswer(IReadOnlyList<ContentMatch> Matches, IReadOnlyList<string> Forms, long Tested, long Untested, IReadOnlyList<TraceId> Keyless);

/// <summary>
/// Whether a content passed through an agent: its commitment is computed under the key of every record that commits to a
/// content of that length (docs/spec/commitments.md), and its SHA-256 is looked for. Only whole contents are found; a
/// document that stood inside a larger one has left no trace that could be tested.
/// </summary>
public sealed class ContentSearch(TrailIndex index, TrailVault vault)
{
    private static readonly JsonSerializerOptions AsScriptsWriteIt = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Looks for a content.</summary>
    /// <param name="content">The content's bytes.</param>
    /// <param name="query">Conditions on the records; its limit is that of a page of the search.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public async Task<ContentAnswer> FindAsync(ReadOnlyMemory<byte> content, RecordQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var forms = Forms(content);
        var (matches, keyless, tested, untested) = (new List<ContentMatch>(), new HashSet<TraceId>(), 0L, 0L);
        var bySize = new RecordFilter(RecordField.ContentBytes, [.. forms.Select(form => $"{form.Bytes.Length}").Distinct()]);
        await foreach (var entry in index.FindAllAsync(query with { Filters = [.. query.Filters, bySize] }, cancellationToken))
        {
            var hasKey = vault.TryGet(entry.Record.Trace, out var key);
            foreach (var (member, held) in Commitments(entry.Record))
            {
                foreach (var (form, bytes) in forms.Where(form => form.Bytes.Length == held.Bytes))
                {
                    if (!hasKey)
                    {
                        untested++;
                        keyless.Add(entry.Record.Trace);
                        break;
                    }

                    tested++;
                    if (Commitment.Matches(held.Value, Commitment.CommitmentKey(key, entry.Record.Id, member), bytes.Span))
                    {
                        matches.Add(new ContentMatch(entry, member, form));
                    }
                }
            }
        }

        foreach (var (form, bytes) in forms)
        {
            var digest = $"sha256:{Digest.Sha256(bytes.Span)}";
            await foreach (var entry in index.FindAllAsync(query with { Filters = [.. query.Filters, RecordFilter.Is(RecordField.Digest, digest)] }, cancellationToken))
            {
                matches.Add(new ContentMatch(entry, MemberWith(entry.Record, digest), $"{form}, by its SHA-256"));
            }
        }

        return new ContentAnswer(
            [.. matches.OrderByDescending(match => match.Entry.Record.Time).ThenByDescending(match => match.Entry.Record.Id.ToString(), StringComparer.Ordinal)],
            [.. forms.Select(form => form.Form)], tested, untested, [.. keyless]);
    }

    private static List<(string Form, ReadOnlyMemory<byte> Bytes)> Forms(ReadOnlyMemory<byte> content)
    {
        var forms = new List<(string, ReadOnlyMemory<byte>)> { ("as it is", content) };
        var span = content.Span;
        if (span.Length > 1 && span[^1] == '\n')
        {
            forms.Add(("without its last line break", content[..^(span[^2] == '\r' ? 2 : 1)]));
        }

        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(span);
            forms.Add(("as a JSON string", JsonSerializer.SerializeToUtf8Bytes(text, AsScriptsWriteIt)));
        }
        catch (DecoderFallbackException)
        {
            // Bytes that are no text have no such form.
        }

        return forms;
    }

    private static IEnumerable<(string Member, HeldCommitment Held)> Commitments(Record record)
    {
        foreach (var member in record.ReadBody().EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Object && member.Value.TryGetProperty("commitment", out var value) && value.ValueKind == JsonValueKind.String)
            {
                HeldCommitment held;
                try
                {
                    held = HeldCommitment.Parse(member.Value);
                }
                catch (EvidenceFormatException)
                {
                    continue; // an object that only looks like one: verification names it
                }

                yield return (member.Name, held);
            }
        }
    }

    private static string MemberWith(Record record, string digest)
    {
        foreach (var member in record.ReadBody().EnumerateObject())
        {
            if (member.Value.GetRawText().Contains(digest, StringComparison.Ordinal))
            {
                return member.Name;
            }
        }

        return record.BodyMember;
    }
}
