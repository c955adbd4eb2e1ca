using System.Globalization;
using System.Text.Json;
using Cairn.Identity.Files;

namespace Cairn.Ledger.Vault;

/// <summary>A PIN and where it came from.</summary>
/// <param name="Value">The PIN; never written anywhere.</param>
/// <param name="Origin">Where it came from, for messages: <c>the file PATH</c>, <c>CAIRN_VAULT_PIN</c>, <c>the terminal</c>.</param>
/// <param name="Stamp">Changes when its file does; empty for a variable; null where a person typed it.</param>
public sealed record TokenPin(string Value, string Origin, string? Stamp)
{
    /// <summary>Without the PIN.</summary>
    public override string ToString() => $"PIN of {Origin}";
}

/// <summary>
/// Where the token's PIN comes from: the file that the URI names (pin-source), else the file that <see cref="FileVariable"/> names, else
/// <see cref="Variable"/>, else whoever sits at the terminal. A token locks itself after some wrong PINs, and many processes work on one
/// vault; so a PIN that was refused is marked beside the vault, and none of them tries it again by itself.
/// </summary>
public sealed class TokenPins
{
    /// <summary>The environment variable that names the file whose first line is the PIN.</summary>
    public const string FileVariable = "CAIRN_VAULT_PIN_FILE";

    /// <summary>The environment variable that is the PIN itself.</summary>
    public const string Variable = "CAIRN_VAULT_PIN";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly Dictionary<string, string> Typed = new(StringComparer.Ordinal);

    private readonly string _mark;
    private readonly Func<TokenUri, TokenPin?> _source;
    private readonly bool _asked;

    /// <summary>PINs for the vault in <paramref name="vault"/>.</summary>
    /// <param name="vault">The vault's file; the mark lies beside it.</param>
    /// <param name="source">Gives the PIN; null for <see cref="FromEnvironment"/>.</param>
    /// <param name="asked">A person asks for this one try, whatever the mark says.</param>
    internal TokenPins(string vault, Func<TokenUri, TokenPin?>? source = null, bool asked = false) => (_mark, _source, _asked) = ($"{vault}.pin-refused", source ?? FromEnvironment, asked);

    /// <summary>Asks whoever sits at the terminal, given the question; null where nobody does. Set once, by the program.</summary>
    public static Func<string, string?>? Prompt { get; set; }

    /// <summary>The PIN by the URI, the environment or the terminal, in that order; null where there is none.</summary>
    /// <exception cref="LedgerDirectoryException">A file that is named can't be read, is empty or is open to all.</exception>
    public static TokenPin? FromEnvironment(TokenUri uri)
    {
        var file = uri.PinFile ?? (Environment.GetEnvironmentVariable(FileVariable) is { Length: > 0 } named ? named : null);
        if (file is not null)
        {
            return OfFile(file);
        }

        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } value)
        {
            return new TokenPin(value, Variable, "");
        }

        lock (Typed)
        {
            var token = uri.Token ?? uri.Serial ?? $"slot {uri.Slot}";
            return Typed.TryGetValue(token, out var known) || (known = Prompt?.Invoke($"PIN of the token \"{token}\": ")) is { Length: > 0 }
                ? new TokenPin(Typed[token] = known!, "the terminal", null)
                : null;
        }
    }

    /// <summary>The PIN that a file's first line is.</summary>
    /// <exception cref="LedgerDirectoryException">It can't be read, is empty or is open to all.</exception>
    public static TokenPin OfFile(string path)
    {
        try
        {
            var open = File.GetUnixFileMode(path) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite);
            if (open != 0)
            {
                throw new LedgerDirectoryException($"the PIN's file {path} is open to all users ({open}). Run: chmod o-rwx {path}");
            }

            var at = File.GetLastWriteTimeUtc(path);
            return File.ReadLines(path).FirstOrDefault() is { Length: > 0 } line
                ? new TokenPin(line, $"the file {path}", at.Ticks.ToString(CultureInfo.InvariantCulture))
                : throw new LedgerDirectoryException($"{path} has no PIN: its first line is empty");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new LedgerDirectoryException($"the token's PIN can't be read: {problem.Message}", problem);
        }
    }

    /// <summary>Logs in with the PIN, once, while no other process on this vault does.</summary>
    /// <param name="uri">The token.</param>
    /// <param name="token">The token's name for messages.</param>
    /// <param name="state">What the token says of its count of wrong PINs.</param>
    /// <param name="login">Tries the PIN; gives the token's refusal, null for none.</param>
    /// <exception cref="LedgerDirectoryException">There is no PIN, it was refused now, or before and is the same still.</exception>
    internal void Use(TokenUri uri, string token, Func<PinCount> state, Func<string, string?> login)
    {
        using var turn = FileLock.Take($"{_mark}.lock", Patience);
        var pin = _source(uri) ?? throw new LedgerDirectoryException($"{token} needs its PIN: name the file that holds it in {FileVariable}, or set {Variable}");
        var count = state();
        if (count == PinCount.Locked)
        {
            throw new LedgerDirectoryException($"{token} has locked its PIN after too many wrong ones; its security officer has to set a new one");
        }

        if (pin.Stamp is not null && !_asked)
        {
            if (MarkOf(pin, token) is { } since)
            {
                throw new LedgerDirectoryException(
                    $"{token} refused the PIN of {pin.Origin} on {since}, and it is not tried again: a token locks itself after some wrong ones. Put the right one there, then run: cairn vault login");
            }

            if (count == PinCount.LastTry)
            {
                throw new LedgerDirectoryException($"{token} has one try left before it locks its PIN, and a program does not use it up. Check the PIN of {pin.Origin}, then run: cairn vault login");
            }
        }

        if (login(pin.Value) is { } refusal)
        {
            Refused(pin, uri, token);
            var left = state() switch
            {
                PinCount.Locked => "; it is locked now, and its security officer has to set a new PIN",
                PinCount.LastTry => "; one try is left before it locks the PIN",
                PinCount.Low => "; the token counts wrong PINs, and locks itself after some",
                _ => "; the token does not say how many tries are left",
            };
            throw new LedgerDirectoryException($"{token} refused the PIN of {pin.Origin} ({refusal}){left}. It is not tried again");
        }

        // The token counts from none again; another token's mark stays.
        if (_asked || (ReadMark() is { } mark && mark.Token == token))
        {
            File.Delete(_mark);
        }
    }

    private string? MarkOf(TokenPin pin, string token) =>
        ReadMark() is { } mark && mark.Token == token && mark.Origin == pin.Origin && mark.Stamp == pin.Stamp ? mark.Time : null;

    private (string? Token, string? Origin, string? Stamp, string? Time)? ReadMark()
    {
        if (!File.Exists(_mark))
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(_mark));
            var root = json.RootElement;
            return (root.GetProperty("token").GetString(), root.GetProperty("origin").GetString(), root.GetProperty("stamp").GetString(), root.GetProperty("time").GetString());
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new LedgerDirectoryException($"{_mark}, which tells of a refused PIN, can't be read: {problem.Message}. Run: cairn vault login", problem);
        }
    }

    private void Refused(TokenPin pin, TokenUri uri, string token)
    {
        if (pin.Stamp is null)
        {
            lock (Typed)
            {
                Typed.Remove(uri.Token ?? uri.Serial ?? $"slot {uri.Slot}");
            }

            return;
        }

        DurableFile.Write(_mark, JsonSerializer.SerializeToUtf8Bytes(new
        {
            token, origin = pin.Origin, stamp = pin.Stamp, time = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        }));
    }
}

/// <summary>What a token says of wrong PINs (CKF_USER_PIN_COUNT_LOW, _FINAL_TRY, _LOCKED); PKCS#11 has no number for it.</summary>
internal enum PinCount
{
    /// <summary>Nothing: none was wrong, or it does not tell.</summary>
    Untold,

    /// <summary>One was wrong at least since the last right one.</summary>
    Low,

    /// <summary>One more wrong one locks it.</summary>
    LastTry,

    /// <summary>It takes none any more.</summary>
    Locked,
}
