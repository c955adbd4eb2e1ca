using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Cairn.Evidence.Records;

/// <summary>The rules for the members that every record has (docs/spec/records.md §3), checked on the bytes.</summary>
internal static class CommonMembers
{
    private const int TimeLength = 27;

    private static readonly SearchValues<byte> LowerHex = SearchValues.Create("0123456789abcdef"u8);
    private static readonly SearchValues<byte> DomainBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-_"u8);

    private static readonly SearchValues<byte> PathBytes =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/"u8);

    public static void Check(ReadOnlySpan<byte> utf8, in RecordLayout layout, out RecordId id, out DateTimeOffset time, out long seq)
    {
        if (layout.Version.Kind != ValueKind.Number || !layout.Version.Of(utf8).SequenceEqual("1"u8))
        {
            Fail(utf8, layout.Version, "v", "the number 1, the only version there is");
        }

        if (layout.Id.Kind != ValueKind.String || !RecordId.TryParse(layout.Id.Of(utf8), out id))
        {
            Fail(utf8, layout.Id, "id", "a UUID of version 7 in lower case");
            id = default;
        }

        if (layout.Kind.Kind != ValueKind.String || !RecordKinds.IsWellFormed(layout.Kind.Of(utf8)))
        {
            Fail(utf8, layout.Kind, "kind", "a kind such as action.requested");
        }

        if (layout.Time.Kind != ValueKind.String || !TryParseTime(layout.Time.Of(utf8), out time))
        {
            Fail(utf8, layout.Time, "time", "a UTC time with microseconds such as 2026-01-31T09:30:00.000000Z");
            time = default;
        }

        TraceContext(utf8, layout.Trace, "trace", 32);
        TraceContext(utf8, layout.Span, "span", 16);
        if (layout.Parent.Kind != ValueKind.None)
        {
            TraceContext(utf8, layout.Parent, "parent", 16);
        }

        if (layout.Task.Kind != ValueKind.None)
        {
            TraceContext(utf8, layout.Task, "task", 16);
        }

        if (layout.Seq.Kind != ValueKind.Number
            || !Utf8Parser.TryParse(layout.Seq.Of(utf8), out seq, out var used) || used != layout.Seq.Length || seq < 0)
        {
            Fail(utf8, layout.Seq, "seq", "an integer from 0");
            seq = 0;
        }

        CheckActor(utf8, in layout);
        CheckBody(utf8, in layout);
    }

    /// <summary>Parses the one form that <c>time</c> has.</summary>
    internal static bool TryParseTime(ReadOnlySpan<byte> text, out DateTimeOffset time)
    {
        time = default;
        if (text.Length != TimeLength || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':'
            || text[16] != ':' || text[19] != '.' || text[26] != 'Z'
            || !Digits(text[..4], out var year) || !Digits(text[5..7], out var month) || !Digits(text[8..10], out var day)
            || !Digits(text[11..13], out var hour) || !Digits(text[14..16], out var minute)
            || !Digits(text[17..19], out var second) || !Digits(text[20..26], out var micros)
            || year is 0 || month is 0 or > 12 || day is 0 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }

        time = new DateTimeOffset(
            new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks + (micros * TimeSpan.TicksPerMicrosecond),
            TimeSpan.Zero);
        return true;
    }

    /// <summary>Writes the one form that <c>time</c> has, cut to the microsecond.</summary>
    /// <returns>The part of <paramref name="buffer"/> that was written.</returns>
    internal static ReadOnlySpan<byte> FormatTime(DateTimeOffset time, Span<byte> buffer)
    {
        var utc = time.UtcDateTime;
        "0000-00-00T00:00:00.000000Z"u8.CopyTo(buffer);
        Write(buffer[..4], utc.Year);
        Write(buffer[5..7], utc.Month);
        Write(buffer[8..10], utc.Day);
        Write(buffer[11..13], utc.Hour);
        Write(buffer[14..16], utc.Minute);
        Write(buffer[17..19], utc.Second);
        Write(buffer[20..26], (int)(utc.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond));
        return buffer[..TimeLength];
    }

    private static void Write(Span<byte> digits, int value)
    {
        for (var i = digits.Length - 1; i >= 0; i--)
        {
            (value, var digit) = Math.DivRem(value, 10);
            digits[i] = (byte)('0' + digit);
        }
    }

    private static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            value = (value * 10) + digit - '0';
        }

        return true;
    }

    private static void TraceContext(ReadOnlySpan<byte> utf8, in Place place, string member, int digits)
    {
        var text = place.Of(utf8);
        if (place.Kind != ValueKind.String || text.Length != digits || text.ContainsAnyExcept(LowerHex)
            || !text.ContainsAnyExcept((byte)'0'))
        {
            Fail(utf8, place, member, $"{digits} lower-case hexadecimal digits, not all zero");
        }
    }

    private static void CheckActor(ReadOnlySpan<byte> utf8, in RecordLayout layout)
    {
        if (layout.Actor.Kind != ValueKind.Object)
        {
            Fail(utf8, layout.Actor, "actor", "an object");
        }

        if (layout.ActorId.Kind != ValueKind.String || !IsSpiffeId(layout.ActorId.Of(utf8)))
        {
            Fail(utf8, layout.ActorId, "actor.id", "a SPIFFE ID without escapes");
        }

        if (layout.ActorInstance.Kind is not (ValueKind.String or ValueKind.EscapedString))
        {
            Fail(utf8, layout.ActorInstance, "actor.instance", "a string");
        }

        if (layout.ActorOwner.Kind is not (ValueKind.String or ValueKind.EscapedString))
        {
            Fail(utf8, layout.ActorOwner, "actor.owner", "a string");
        }
    }

    private static void CheckBody(ReadOnlySpan<byte> utf8, in RecordLayout layout)
    {
        if (layout.Attributes.Kind is not (ValueKind.None or ValueKind.Object))
        {
            Fail(utf8, layout.Attributes, "attributes", "an object");
        }

        if (AttributeForm.FirstOther(layout.Attributes.Of(utf8)) is >= 0 and var at)
        {
            JsonScan.Fail(utf8, layout.Attributes.Start + at, "expected attributes that are strings, booleans, numbers or arrays of them");
        }

        if (layout.UnexpectedName.Kind != ValueKind.None)
        {
            JsonScan.Fail(utf8, layout.UnexpectedName.Start, "expected one member besides the common ones");
        }

        if (layout.BodyName.Kind == ValueKind.None)
        {
            throw new EvidenceFormatException("record: expected the kind's own member, found none");
        }

        var known = RecordKinds.BodyMemberOf(layout.Kind.Of(utf8));
        if (known is not null && !layout.BodyName.Of(utf8).SequenceEqual(known))
        {
            JsonScan.Fail(utf8, layout.BodyName.Start, $"expected the member \"{Encoding.ASCII.GetString(known)}\" of this kind");
        }

        if (layout.Body.Kind != ValueKind.Object)
        {
            Fail(utf8, layout.Body, Encoding.UTF8.GetString(layout.BodyName.Of(utf8)), "an object");
        }
    }

    /// <summary>The same rules as <see cref="SpiffeId.TryParse"/>, on UTF-8, without allocation.</summary>
    private static bool IsSpiffeId(ReadOnlySpan<byte> text)
    {
        if (text.Length > 2048 || !text.StartsWith("spiffe://"u8))
        {
            return false;
        }

        var rest = text[9..];
        var slash = rest.IndexOf((byte)'/');
        var domain = slash < 0 ? rest : rest[..slash];
        if (domain.IsEmpty || domain.Length > 255 || domain.ContainsAnyExcept(DomainBytes))
        {
            return false;
        }

        if (slash < 0)
        {
            return true;
        }

        var path = rest[slash..];
        return !path.ContainsAnyExcept(PathBytes) && path[^1] != '/' && path.IndexOf("//"u8) < 0
            && !HasDotSegment(path);
    }

    private static bool HasDotSegment(ReadOnlySpan<byte> path)
    {
        if (path.IndexOf("/."u8) < 0)
        {
            return false;
        }

        foreach (var range in path[1..].Split((byte)'/'))
        {
            var segment = path[1..][range];
            if (segment.SequenceEqual("."u8) || segment.SequenceEqual(".."u8))
            {
                return true;
            }
        }

        return false;
    }

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    private static void Fail(ReadOnlySpan<byte> utf8, in Place place, string member, string expected)
    {
        var found = place.Kind == ValueKind.None
            ? "no such member"
            : $"\"{Hex.Excerpt(Encoding.UTF8.GetString(place.Of(utf8)))}\"";
        throw new EvidenceFormatException($"record, member {member}: expected {expected}, found {found}");
    }
}
