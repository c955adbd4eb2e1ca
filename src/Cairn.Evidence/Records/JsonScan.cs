using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace Cairn.Evidence.Records;

/// <summary>
/// One strict pass over a record's bytes: validates all that <see cref="IJson.Validate"/> promises and notes where the
/// common members stand. No allocation for a record of ordinary shape.
/// </summary>
internal ref partial struct JsonScan
{
    private readonly ReadOnlySpan<byte> _utf8;
    private readonly QuoteMap _quotes;
    private NameSet _names;
    private RecordLayout _layout;
    private int _at;
    private bool _inActor;

    private JsonScan(ReadOnlySpan<byte> utf8, QuoteMap quotes, NameSet names)
    {
        _utf8 = utf8;
        _quotes = quotes;
        _names = names;
    }

    /// <summary>Validates the bytes and says where the common members stand.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not one I-JSON object on one line.</exception>
    [SkipLocalsInit]
    public static void Run(ReadOnlySpan<byte> utf8, out RecordLayout layout)
    {
        Span<ulong> words = stackalloc ulong[QuoteMap.MaxWords];
        var quotes = RefuseBytes(utf8, words);
        Span<uint> hashes = stackalloc uint[NameSet.Inline];
        Span<long> places = stackalloc long[NameSet.Inline];
        var scan = new JsonScan(utf8, quotes, new NameSet(hashes, places));
        scan.All(depth: 1);
        layout = scan._layout;
    }

    /// <summary>Whether the bytes are an I-JSON object that may stand at this depth of a record; <see cref="Run"/> on the record says why not.</summary>
    [SkipLocalsInit]
    public static bool IsGood(ReadOnlySpan<byte> utf8, int depth)
    {
        if (utf8.Length > IJson.MaxRecordBytes)
        {
            return false;
        }

        try
        {
            Span<ulong> words = stackalloc ulong[QuoteMap.MaxWords];
            var quotes = RefuseBytes(utf8, words);
            Span<uint> hashes = stackalloc uint[NameSet.Inline];
            Span<long> places = stackalloc long[NameSet.Inline];
            var scan = new JsonScan(utf8, quotes, new NameSet(hashes, places));
            scan.All(depth);
            return true;
        }
        catch (EvidenceFormatException)
        {
            return false;
        }
    }

    private void All(int depth)
    {
        try
        {
            SkipSpaces();
            if (Peek() != '{')
            {
                Fail("expected an object");
            }

            Object(depth);
            SkipSpaces();
            if (_at != _utf8.Length)
            {
                Fail("expected the end of the record after its object");
            }
        }
        finally
        {
            _names.Dispose();
        }
    }

    /// <summary>What can be refused by looking at bytes alone, before any structure: these checks run at memory speed.</summary>
    private static QuoteMap RefuseBytes(ReadOnlySpan<byte> utf8, Span<ulong> words)
    {
        if (utf8.Length > IJson.MaxRecordBytes)
        {
            throw new EvidenceFormatException($"a record has at most {IJson.MaxRecordBytes} bytes, found {utf8.Length}");
        }

        var quotes = QuoteMap.Build(utf8, words, out var hasControl, out var isAscii);
        if (hasControl)
        {
            Fail(utf8, utf8.IndexOfAnyInRange((byte)0, (byte)0x1f), "expected no byte below 0x20 (a record is one line; strings escape control characters)");
        }

        if (!isAscii)
        {
            if (!Utf8.IsValid(utf8))
            {
                Fail(utf8, FirstInvalidUtf8(utf8), "expected valid UTF-8");
            }

            var noncharacter = FirstNoncharacter(utf8);
            if (noncharacter >= 0)
            {
                Fail(utf8, noncharacter, "expected no Unicode noncharacter (RFC 7493 §2.1)");
            }
        }

        return quotes;
    }

    private void Object(int depth)
    {
        var mine = _names.Count;
        ulong seen = 0;
        _at++;
        SkipSpaces();
        if (Peek() == '}')
        {
            _at++;
            return;
        }

        while (true)
        {
            if (Peek() != '"')
            {
                Fail("expected a member's name in double quotes");
            }

            var start = _at + 1;
            var escaped = String();
            var name = escaped ? Unescape(_utf8[start..(_at - 1)]) : _utf8[start..(_at - 1)];
            if (!_names.Add(_utf8, mine, ref seen, start, name, escaped))
            {
                FailRepeated(_utf8, start, name);
            }

            SkipSpaces();
            if (Peek() != ':')
            {
                Fail("expected a colon after a member's name");
            }

            _at++;
            SkipSpaces();
            if (depth == 1)
            {
                RootMember(name, start);
            }
            else if (depth == 2 && _inActor)
            {
                Fill(ref RecordLayout.InActor(ref _layout, name), 2);
            }
            else
            {
                _ = Value(depth);
            }

            SkipSpaces();
            switch (Peek())
            {
                case ',':
                    _at++;
                    SkipSpaces();
                    continue;
                case '}':
                    _at++;
                    _names.Release(mine);
                    return;
                default:
                    Fail("expected a comma or the end of the object");
                    return;
            }
        }
    }

    private void RootMember(ReadOnlySpan<byte> name, int nameStart)
    {
        ref var place = ref RecordLayout.Root(ref _layout, name, nameStart);
        _inActor = Unsafe.AreSame(ref place, ref _layout.Actor);
        Fill(ref place, 1);
        _inActor = false;
    }

    private void Fill(ref Place place, int depth)
    {
        var start = _at;
        var kind = Value(depth);
        var quotes = kind is ValueKind.String or ValueKind.EscapedString ? 1 : 0;
        if (!Unsafe.IsNullRef(ref place))
        {
            place = new Place { Start = start + quotes, Length = _at - start - (2 * quotes), Kind = kind };
        }
    }

    private void Array(int depth)
    {
        _at++;
        SkipSpaces();
        if (Peek() == ']')
        {
            _at++;
            return;
        }

        while (true)
        {
            _ = Value(depth);
            SkipSpaces();
            switch (Peek())
            {
                case ',':
                    _at++;
                    SkipSpaces();
                    continue;
                case ']':
                    _at++;
                    return;
                default:
                    Fail("expected a comma or the end of the array");
                    return;
            }
        }
    }

    private ValueKind Value(int depth)
    {
        switch (Peek())
        {
            case '"':
                return String() ? ValueKind.EscapedString : ValueKind.String;
            case '{':
                Deeper(depth);
                Object(depth + 1);
                return ValueKind.Object;
            case '[':
                Deeper(depth);
                Array(depth + 1);
                return ValueKind.Array;
            case 't':
                Literal("true"u8);
                return ValueKind.Literal;
            case 'f':
                Literal("false"u8);
                return ValueKind.Literal;
            case 'n':
                Literal("null"u8);
                return ValueKind.Literal;
            case '-' or (>= '0' and <= '9'):
                Number();
                return ValueKind.Number;
            default:
                Fail("expected a value");
                return ValueKind.None;
        }
    }

    private void Deeper(int depth)
    {
        if (depth == IJson.MaxDepth)
        {
            Fail("expected at most 64 levels of nesting");
        }
    }

    private void Literal(ReadOnlySpan<byte> word)
    {
        if (!_utf8[_at..].StartsWith(word))
        {
            Fail("expected a value");
        }

        _at += word.Length;
    }

    /// <summary>The next byte, or -1 at the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly int Peek() => (uint)_at < (uint)_utf8.Length ? _utf8[_at] : -1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void SkipSpaces()
    {
        while ((uint)_at < (uint)_utf8.Length && _utf8[_at] == ' ')
        {
            _at++;
        }
    }
}
