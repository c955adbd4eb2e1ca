using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Identity.Files;

namespace Cairn.Gateway.Hooks;

/// <summary>A session's trail.</summary>
/// <param name="Trace">Random: nothing about the agent's own id tells it.</param>
/// <param name="Span">The session's span, parent of what is done in it.</param>
/// <param name="Caller">The span that the session is a part of; null when it is a trail of its own.</param>
internal sealed record HookSession(TraceId Trace, SpanId Span, SpanId? Caller);

/// <summary>
/// Which trail a session of an agent is: a file for each session in <c>hooks/sessions</c>, named by the digest of agent
/// and session id. Hook calls are processes that may run at once: whoever finds no file makes it under a lock.
/// </summary>
internal sealed class HookSessions
{
    /// <summary>More are forgotten, those unused longest first; a session that is forgotten goes on as a new trail.</summary>
    private const int Most = 4096;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Unused = TimeSpan.FromDays(30);

    private readonly string _folder;
    private readonly string _lock;

    public HookSessions(string state)
    {
        var hooks = Path.Combine(state, "hooks");
        (_folder, _lock) = (Path.Combine(hooks, "sessions"), Path.Combine(hooks, "lock"));
        DurableFile.CreateDirectory(hooks);
        DurableFile.CreateDirectory(_folder);
    }

    /// <summary>The name of a session in files: a digest, because the agent chooses its id.</summary>
    public static string KeyOf(HookCall call) =>
        Digest.Sha256(Encoding.UTF8.GetBytes($"{HookFormats.NameOf(call.Format)}\0{call.Session}")).ToString();

    /// <summary>The trail of a session.</summary>
    /// <param name="key">The session.</param>
    /// <param name="caller">The trail that a new session is a part of; null: one of its own.</param>
    /// <returns>The session, and whether this call made it.</returns>
    /// <exception cref="IOException">It can't be read or kept.</exception>
    public (HookSession Session, bool IsNew) Open(string key, TraceParent? caller)
    {
        var path = Path.Combine(_folder, key + ".json");
        if (Read(path) is { } known)
        {
            return (known, false);
        }

        using (Locked())
        {
            if (Read(path) is { } made)
            {
                return (made, false);
            }

            Clean();
            var session = new HookSession(caller?.Trace ?? TraceId.New(), SpanId.New(), caller?.Span);
            DurableFile.Write(path, Encode(session));
            return (session, true);
        }
    }

    /// <summary>Forgets a session that ended: should its id come again, that is a new trail.</summary>
    public void Forget(string key) => File.Delete(Path.Combine(_folder, key + ".json"));

    private FileLock Locked()
    {
        try
        {
            return FileLock.Take(_lock, Patience);
        }
        catch (TimeoutException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private static HookSession? Read(string path)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
            var root = json.RootElement;
            return new HookSession(
                TraceId.Parse(root.GetProperty("trace").GetString()!), SpanId.Parse(root.GetProperty("span").GetString()!),
                root.TryGetProperty("caller", out var caller) ? SpanId.Parse(caller.GetString()!) : null);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or EvidenceFormatException or ArgumentNullException)
        {
            throw new IOException($"{path} is no session of a hook: {e.Message}", e);
        }
    }

    private static byte[] Encode(HookSession session)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("trace"u8, session.Trace.ToString());
            writer.WriteString("span"u8, session.Span.ToString());
            if (session.Caller is { } caller)
            {
                writer.WriteString("caller"u8, caller.ToString());
            }

            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private void Clean()
    {
        var oldest = DateTime.UtcNow - Unused;
        var files = new DirectoryInfo(_folder).GetFiles("*.json").OrderByDescending(file => file.LastWriteTimeUtc).ToList();
        foreach (var file in files.Where((file, place) => place >= Most - 1 || file.LastWriteTimeUtc < oldest))
        {
            file.Delete();
        }
    }
}
