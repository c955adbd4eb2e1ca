using System.Collections.Frozen;

namespace Cairn.Evidence.Records;

/// <summary>The kinds of record, each with the member that holds what is the kind's own (docs/spec/records.md §4).</summary>
public static class RecordKinds
{
    /// <summary>A task began: the initiating request.</summary>
    public const string TaskStarted = "task.started";

    /// <summary>An emitter's part of a task ended: outcome and record counts.</summary>
    public const string TaskEnded = "task.ended";

    /// <summary>What the agent had before it: model, prompt, tool manifest, version, attestation.</summary>
    public const string ContextCaptured = "context.captured";

    /// <summary>Authority was handed on.</summary>
    public const string DelegationGranted = "delegation.granted";

    /// <summary>A delegation ended.</summary>
    public const string DelegationEnded = "delegation.ended";

    /// <summary>A policy decision.</summary>
    public const string PolicyDecided = "policy.decided";

    /// <summary>A decision that needs a human's approval was put to one.</summary>
    public const string ApprovalRequested = "approval.requested";

    /// <summary>A policy bundle was taken into use, or could not be.</summary>
    public const string PolicyLoaded = "policy.loaded";

    /// <summary>A human's yes or no, or that none came.</summary>
    public const string ApprovalRecorded = "approval.recorded";

    /// <summary>A credential was issued.</summary>
    public const string CredentialIssued = "credential.issued";

    /// <summary>A credential was used.</summary>
    public const string CredentialUsed = "credential.used";

    /// <summary>A credential was asked for and not given, or shown and not accepted.</summary>
    public const string CredentialRefused = "credential.refused";

    /// <summary>A credential reached the end of its lifetime unrevoked.</summary>
    public const string CredentialExpired = "credential.expired";

    /// <summary>A credential was revoked.</summary>
    public const string CredentialRevoked = "credential.revoked";

    /// <summary>An action is about to be done.</summary>
    public const string ActionRequested = "action.requested";

    /// <summary>How a requested action came out.</summary>
    public const string ActionCompleted = "action.completed";

    /// <summary>What a target system's own log says changed.</summary>
    public const string EffectObserved = "effect.observed";

    /// <summary>Evidence that its emitter knows to be lost or refused.</summary>
    public const string GapDeclared = "gap.declared";

    /// <summary>A ledger or emitter key was replaced.</summary>
    public const string LedgerKeyRotated = "ledger.key_rotated";

    /// <summary>A trust bundle or trust policy changed.</summary>
    public const string LedgerTrustChanged = "ledger.trust_changed";

    /// <summary>A key that emitters signed with was revoked.</summary>
    public const string LedgerKeyRevoked = "ledger.key_revoked";

    /// <summary>An emitter was enrolled.</summary>
    public const string LedgerEnrolled = "ledger.enrolled";

    /// <summary>Somebody read evidence.</summary>
    public const string LedgerAccessed = "ledger.accessed";

    /// <summary>Somebody exported evidence.</summary>
    public const string LedgerExported = "ledger.exported";

    /// <summary>A trail's content was shredded by deleting its key.</summary>
    public const string LedgerShredded = "ledger.shredded";

    /// <summary>A legal hold was placed.</summary>
    public const string LedgerHeld = "ledger.held";

    /// <summary>A legal hold was lifted.</summary>
    public const string LedgerReleased = "ledger.released";

    private static readonly FrozenDictionary<string, Member> Members = new Dictionary<string, string>
    {
        [TaskStarted] = "request",
        [TaskEnded] = "outcome",
        [ContextCaptured] = "context",
        [DelegationGranted] = "delegation",
        [DelegationEnded] = "delegation",
        [PolicyDecided] = "policy",
        [PolicyLoaded] = "bundle",
        [ApprovalRequested] = "approval",
        [ApprovalRecorded] = "approval",
        [CredentialIssued] = "credential",
        [CredentialUsed] = "credential",
        [CredentialRefused] = "credential",
        [CredentialExpired] = "credential",
        [CredentialRevoked] = "credential",
        [ActionRequested] = "action",
        [ActionCompleted] = "action",
        [EffectObserved] = "effect",
        [GapDeclared] = "gap",
        [LedgerKeyRotated] = "ledger",
        [LedgerTrustChanged] = "ledger",
        [LedgerKeyRevoked] = "ledger",
        [LedgerEnrolled] = "ledger",
        [LedgerAccessed] = "ledger",
        [LedgerExported] = "ledger",
        [LedgerShredded] = "ledger",
        [LedgerHeld] = "ledger",
        [LedgerReleased] = "ledger",
    }.ToFrozenDictionary(entry => entry.Key, entry => new Member(entry.Key, entry.Value), StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, Member>.AlternateLookup<ReadOnlySpan<char>> ByText =
        Members.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Every kind this version knows.</summary>
    public static IReadOnlyCollection<string> All => Members.Keys;

    /// <summary>Whether this version knows the kind. A verifier keeps and verifies records of kinds it does not know.</summary>
    public static bool IsKnown(string kind) => Members.ContainsKey(kind);

    /// <summary>The name of the member that holds what is the kind's own, such as <c>action</c>.</summary>
    /// <exception cref="ArgumentException">The kind is not known.</exception>
    public static string BodyMember(string kind) => Members.TryGetValue(kind, out var member)
        ? member.Name
        : throw new ArgumentException($"\"{Hex.Excerpt(kind)}\" is not a kind of record", nameof(kind));

    /// <summary>The same as UTF-8.</summary>
    /// <exception cref="ArgumentException">The kind is not known.</exception>
    internal static ReadOnlySpan<byte> BodyMemberUtf8(string kind) => Members.TryGetValue(kind, out var member)
        ? member.Utf8
        : throw new ArgumentException($"\"{Hex.Excerpt(kind)}\" is not a kind of record", nameof(kind));

    /// <summary>Whether the text has the form of a kind: two lower-case words (letters, digits, underscores) around one dot, at most 64 bytes.</summary>
    internal static bool IsWellFormed(ReadOnlySpan<byte> utf8)
    {
        var dot = utf8.IndexOf((byte)'.');
        return utf8.Length <= MaxLength && dot > 0 && dot < utf8.Length - 1
            && !utf8[..dot].ContainsAnyExcept(Word) && !utf8[(dot + 1)..].ContainsAnyExcept(Word);
    }

    /// <summary>The kind as a string: the shared one when it is known, a new one else.</summary>
    internal static string Intern(ReadOnlySpan<byte> wellFormed)
    {
        Span<char> text = stackalloc char[MaxLength];
        text = text[..System.Text.Encoding.ASCII.GetChars(wellFormed, text)];
        return ByText.TryGetValue(text, out var member) ? member.Kind : text.ToString();
    }

    /// <summary>The name of a known kind's own member; null for a kind this version does not know.</summary>
    internal static byte[]? BodyMemberOf(ReadOnlySpan<byte> wellFormed)
    {
        Span<char> text = stackalloc char[MaxLength];
        text = text[..System.Text.Encoding.ASCII.GetChars(wellFormed, text)];
        return ByText.TryGetValue(text, out var member) ? member.Utf8 : null;
    }

    private const int MaxLength = 64;

    private static readonly System.Buffers.SearchValues<byte> Word =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_"u8);

    private sealed record Member(string Kind, string Name)
    {
        public byte[] Utf8 { get; } = System.Text.Encoding.ASCII.GetBytes(Name);
    }
}
