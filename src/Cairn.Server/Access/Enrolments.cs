using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Identity.Files;

namespace Cairn.Server.Access;

/// <summary>One emitter that joined.</summary>
/// <param name="Id">Its SPIFFE ID.</param>
/// <param name="Key">SHA-256 of its key's SubjectPublicKeyInfo.</param>
/// <param name="Access">SHA-256 of the access token that it was given last.</param>
/// <param name="Time">When.</param>
internal sealed record Enrolment(SpiffeId Id, Digest Key, Digest Access, DateTimeOffset Time);

/// <summary>
/// Who joined, in <c>enrolments.jsonl</c>: one line each time, the last one of an id counts. The first key of an id is
/// its key: another machine that asks for the same id is refused until an operator removes the lines, or revokes the key.
/// </summary>
/// <param name="data">The data directory.</param>
/// <param name="isRevoked">Whether a key was revoked: its enrolment does not count any more, and its access tokens are void.</param>
internal sealed class Enrolments(string data, Func<Digest, bool> isRevoked) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly string _path = Path.Combine(data, "enrolments.jsonl");

    /// <summary>
    /// Decides on a request for an SVID and notes it, in one step over all servers on the directory. Order of effects: the join
    /// token is used up → who joins is recorded, durably → the enrolment is noted. A crash in between leaves a record of an
    /// enrolment that nobody has, never an enrolment without a record.
    /// </summary>
    /// <param name="id">The wanted id.</param>
    /// <param name="key">SHA-256 of the key that signed the request.</param>
    /// <param name="hasJoinToken">Whether a good join token came along; asked only of ids that are new, since a token is used up by it.</param>
    /// <param name="record">Records that an id joins; asked only of ids that are new.</param>
    /// <param name="now">The time to note.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>A new access token, or the refusal.</returns>
    public async ValueTask<(string? AccessToken, EnrolmentRefusal Refusal)> EnrolAsync(
        SpiffeId id, Digest key, Func<bool> hasJoinToken, Func<ValueTask> record, DateTimeOffset now, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            using var held = FileLock.Take(_path + ".lock", TimeSpan.FromSeconds(10));
            var known = Read().LastOrDefault(e => e.Id == id && !isRevoked(e.Key));
            if (known is not null && known.Key != key)
            {
                return (null, EnrolmentRefusal.IdTaken);
            }

            if (known is null && !hasJoinToken())
            {
                return (null, EnrolmentRefusal.NoToken);
            }

            if (known is null)
            {
                await record();
            }

            var token = ServerTokens.Make();
            Append(new Enrolment(id, key, Digest.Sha256(Encoding.ASCII.GetBytes(token)), now));
            return (token, EnrolmentRefusal.None);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>Whether this token was given to an emitter that is enrolled. Processes with one id share it: each renewal adds one.</summary>
    public bool IsAccess(string? token)
    {
        if (token is null || token.Length > 256 || !File.Exists(_path))
        {
            return false;
        }

        var hash = Digest.Sha256(Encoding.UTF8.GetBytes(token));
        return Read().Any(e => e.Access == hash && !isRevoked(e.Key));
    }

    private void Append(Enrolment enrolment)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(new
        {
            id = enrolment.Id.ToString(), key = enrolment.Key.ToString(), access = enrolment.Access.ToString(), time = enrolment.Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ"),
        });
        var isNew = !File.Exists(_path);
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows() && isNew)
        {
            options.UnixCreateMode = DurableFile.OwnerOnly;
        }

        using (var file = new FileStream(_path, options))
        {
            file.Write([.. line, (byte)'\n']);
            file.Flush(flushToDisk: true);
        }

        if (isNew)
        {
            DurableFile.SyncDirectory(data);
        }
    }

    private List<Enrolment> Read()
    {
        var enrolments = new List<Enrolment>();
        if (!File.Exists(_path))
        {
            return enrolments;
        }

        using var reader = new StreamReader(new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
        {
            try
            {
                using var json = JsonDocument.Parse(line);
                string Text(string name) => json.RootElement.GetProperty(name).GetString()!;
                enrolments.Add(new Enrolment(SpiffeId.Parse(Text("id")), Digest.ParseHex(Text("key")), Digest.ParseHex(Text("access")), DateTimeOffset.Parse(Text("time"))));
            }
            catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
            {
                throw new CairnServerException($"{_path} has a line that is no enrolment: {e.Message}", e);
            }
        }

        return enrolments;
    }
}

/// <summary>Why an enrolment was refused.</summary>
internal enum EnrolmentRefusal
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>The id belongs to another key.</summary>
    IdTaken,

    /// <summary>The id is new and the join token did not come along or is wrong.</summary>
    NoToken,
}
