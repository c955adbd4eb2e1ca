using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Identity.Files;
using Cairn.Sdk;

namespace Cairn.Gateway.Hooks;

/// <summary>A use of a tool that is requested and not completed: what the process that records its outcome has to know.</summary>
internal sealed record PendingUse
{
    public required RecordId Requested { get; init; }

    public required SpanId Span { get; init; }

    public required DateTimeOffset Started { get; init; }

    public required string Type { get; init; }

    public required string Name { get; init; }

    public required string Resource { get; init; }

    /// <summary>Which of several agents in the session; empty for the main one.</summary>
    public required string Subagent { get; init; }

    /// <summary>How much of its output is kept.</summary>
    public required CaptureProfile Capture { get; init; }
}

/// <summary>
/// Uses of tools between the call before and the call after, which are two processes: a file for each in
/// <c>hooks/pending</c>. Its name is made from the agent's id of the use or, where it gives none, from tool and input under
/// the trail's key: no plain digest of content lies on disk.
/// </summary>
internal sealed class PendingUses
{
    /// <summary>Uses kept; beyond it the oldest are forgotten, and stay open in their trails.</summary>
    private const int Most = 4096;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    private readonly string _folder;

    public PendingUses(string state)
    {
        _folder = Path.Combine(state, "hooks", "pending");
        DurableFile.CreateDirectory(_folder);
    }

    /// <summary>What pairs the calls before and after.</summary>
    /// <param name="call">Either of them.</param>
    /// <param name="trailKey">The trail's key.</param>
    public static string KeyOf(HookCall call, ReadOnlySpan<byte> trailKey)
    {
        byte[] what = call.UseId is { } id
            ? [0, .. Encoding.UTF8.GetBytes(id)]
            : [1, .. Encoding.UTF8.GetBytes(call.Tool), 0, .. call.Input.Span];
        return Convert.ToHexStringLower(HMACSHA256.HashData(trailKey, [.. "cairn/v1/hook-use\0"u8, .. what])[..16]);
    }

    /// <summary>Remembers a use; durable when this returns.</summary>
    /// <exception cref="IOException">It can't be kept.</exception>
    public void Add(string session, string key, PendingUse use)
    {
        Clean();
        DurableFile.Write(Path.Combine(_folder, $"{session[..32]}-{key}-{use.Requested}.json"), Encode(use));
    }

    /// <summary>Takes the oldest use of this key; nobody else gets it. Null when there is none.</summary>
    public PendingUse? Take(string session, string key) => Claim($"{session[..32]}-{key}-*.json", _ => true).FirstOrDefault();

    /// <summary>Takes the uses of a session that nobody told the outcome of.</summary>
    /// <param name="session">The session.</param>
    /// <param name="subagent">Only those of this agent; null: of all.</param>
    public IReadOnlyList<PendingUse> TakeAll(string session, string? subagent) =>
        [.. Claim($"{session[..32]}-*.json", use => subagent is null || use.Subagent == subagent)];

    private IEnumerable<PendingUse> Claim(string pattern, Func<PendingUse, bool> fits)
    {
        foreach (var path in Directory.EnumerateFiles(_folder, pattern).Order(StringComparer.Ordinal).ToList())
        {
            if (Read(path) is not { } use || !fits(use))
            {
                continue;
            }

            // Whoever deletes it has it: of two processes the other finds nothing. One that dies now leaves the action open.
            var mine = $"{path}.{Guid.NewGuid():N}.taken";
            try
            {
                File.Move(path, mine);
            }
            catch (FileNotFoundException)
            {
                continue;
            }

            File.Delete(mine);
            yield return use;
        }
    }

    private void Clean()
    {
        var oldest = DateTime.UtcNow - Longest;
        var files = new DirectoryInfo(_folder).GetFiles();
        if (files.Length < Most && !files.Any(file => file.LastWriteTimeUtc < oldest))
        {
            return;
        }

        foreach (var file in files.OrderByDescending(file => file.LastWriteTimeUtc).Where((file, place) => place >= Most - 1 || file.LastWriteTimeUtc < oldest))
        {
            file.Delete();
        }
    }

    private static byte[] Encode(PendingUse use)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("requested"u8, use.Requested.ToString());
            writer.WriteString("span"u8, use.Span.ToString());
            writer.WriteString("started"u8, use.Started.ToString("O", CultureInfo.InvariantCulture));
            writer.WriteString("type"u8, use.Type);
            writer.WriteString("name"u8, use.Name);
            writer.WriteString("resource"u8, use.Resource);
            writer.WriteString("subagent"u8, use.Subagent);
            writer.WriteString("capture"u8, use.Capture.ToString());
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static PendingUse? Read(string path)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            string Text(string name) => json.RootElement.GetProperty(name).GetString()!;
            return new PendingUse
            {
                Requested = RecordId.Parse(Text("requested")),
                Span = SpanId.Parse(Text("span")),
                Started = DateTimeOffset.Parse(Text("started"), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind),
                Type = Text("type"),
                Name = Text("name"),
                Resource = Text("resource"),
                Subagent = Text("subagent"),
                Capture = Enum.Parse<CaptureProfile>(Text("capture")),
            };
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or EvidenceFormatException or ArgumentException)
        {
            throw new IOException($"{path} is no pending use of a tool: {e.Message}", e);
        }
    }
}
