using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Cairn.Evidence.Bundles;

/// <summary>Reads the JSON lines of a bundle member by member, in the one order that they have (docs/spec/bundle.md §5-§8).</summary>
internal ref struct BundleLine
{
    private readonly string _file;
    private readonly long _number;
    private Utf8JsonReader _json;

    public BundleLine(ReadOnlySpan<byte> utf8, string file, long number)
    {
        (_file, _number) = (file, number);
        if (HasSpace(utf8))
        {
            throw Fault("JSON without white space between its tokens", "some");
        }

        _json = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = 4 });
        Expect(JsonTokenType.StartObject, "an object");
    }

    public long ReadNumber(ReadOnlySpan<byte> name)
    {
        Name(name);
        Expect(JsonTokenType.Number, "a number");
        return _json.TryGetInt64(out var value) && value >= 0 ? value : throw Fault("an integer from 0", "another number");
    }

    public string ReadText(ReadOnlySpan<byte> name)
    {
        Name(name);
        Expect(JsonTokenType.String, "a string");
        return Text();
    }

    public Digest ReadBase64Digest(ReadOnlySpan<byte> name)
    {
        Name(name);
        Expect(JsonTokenType.String, "a string");
        return DigestHere();
    }

    /// <summary>Base64 hashes.</summary>
    public Digest[] ReadDigests(ReadOnlySpan<byte> name)
    {
        Name(name);
        Expect(JsonTokenType.StartArray, "an array");
        var digests = new List<Digest>();
        while (Next() == JsonTokenType.String)
        {
            digests.Add(DigestHere());
        }

        return _json.TokenType == JsonTokenType.EndArray ? [.. digests] : throw Fault("base64 hashes", "another value");
    }

    /// <summary>Base64, as bytes.</summary>
    public byte[] ReadBase64(ReadOnlySpan<byte> name)
    {
        Name(name);
        Expect(JsonTokenType.String, "a string");
        return _json.TryGetBytesFromBase64(out var bytes) ? bytes : throw Fault("base64", "other text");
    }

    /// <summary>Base64 byte strings.</summary>
    public List<ReadOnlyMemory<byte>> ReadByteStrings(ReadOnlySpan<byte> name)
    {
        Name(name);
        Expect(JsonTokenType.StartArray, "an array");
        var values = new List<ReadOnlyMemory<byte>>();
        while (Next() == JsonTokenType.String)
        {
            values.Add(_json.TryGetBytesFromBase64(out var bytes) ? bytes : throw Fault("base64", "other text"));
        }

        return _json.TokenType == JsonTokenType.EndArray ? values : throw Fault("base64 strings", "another value");
    }

    /// <summary>Ascending positions, or null for the word "all".</summary>
    public int[]? ReadPositions(ReadOnlySpan<byte> name)
    {
        Name(name);
        if (Next() == JsonTokenType.String)
        {
            return _json.ValueTextEquals("all"u8) ? null : throw Fault("\"all\" or positions", "other text");
        }

        var positions = new List<int>();
        while (_json.TokenType == JsonTokenType.StartArray && Next() == JsonTokenType.Number)
        {
            do
            {
                if (!_json.TryGetInt32(out var position) || position < 0 || (positions.Count > 0 && position <= positions[^1]))
                {
                    throw Fault("ascending positions", "others");
                }

                positions.Add(position);
            }
            while (Next() == JsonTokenType.Number);
            break;
        }

        return _json.TokenType == JsonTokenType.EndArray ? [.. positions] : throw Fault("\"all\" or positions", "another value");
    }

    /// <summary>Lower-case hexadecimal digits, as bytes.</summary>
    public byte[] ReadHex(ReadOnlySpan<byte> name)
    {
        var text = ReadText(name);
        var bytes = new byte[text.Length / 2];
        return Hex.TryDecode(text, bytes) ? bytes : throw Fault("lower-case hexadecimal digits", "other text");
    }

    public void End()
    {
        Expect(JsonTokenType.EndObject, "the object's end");
        try
        {
            if (_json.Read())
            {
                throw Fault("the line's end", "more");
            }
        }
        catch (JsonException error)
        {
            throw Fault("the line's end", error.Message, error);
        }
    }

    public readonly BundleFault Fault(string expected, string found, Exception? cause = null) =>
        new("line-malformed", "file", $"{_file} line {_number}", expected, found, cause);

    /// <summary>Whether a byte up to 0x20 stands outside the texts: a line has one form.</summary>
    private static bool HasSpace(ReadOnlySpan<byte> utf8)
    {
        var inText = false;
        for (var i = 0; i < utf8.Length; i++)
        {
            if (utf8[i] == '"')
            {
                inText = !inText;
            }
            else if (inText && utf8[i] == '\\')
            {
                i++;
            }
            else if (!inText && utf8[i] <= 0x20)
            {
                return true;
            }
        }

        return false;
    }

    private void Name(ReadOnlySpan<byte> name)
    {
        if (Next() != JsonTokenType.PropertyName || !_json.ValueTextEquals(name))
        {
            throw Fault($"the member \"{Encoding.ASCII.GetString(name)}\"", _json.TokenType == JsonTokenType.PropertyName ? $"\"{Hex.Excerpt(Text())}\"" : "none");
        }
    }

    private void Expect(JsonTokenType type, string what)
    {
        if (Next() != type)
        {
            throw Fault(what, _json.TokenType.ToString());
        }
    }

    private string Text()
    {
        try
        {
            return _json.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            throw Fault("valid UTF-8 text", "other bytes", error);
        }
    }

    private Digest DigestHere()
    {
        Span<byte> bytes = stackalloc byte[48];
        var text = _json.ValueSpan;
        return !_json.ValueIsEscaped && text.Length == 44 && Base64.DecodeFromUtf8(text, bytes, out _, out var written) == System.Buffers.OperationStatus.Done && written == Digest.Size
            ? new Digest(bytes[..Digest.Size])
            : throw Fault("base64 of 32 bytes", $"\"{Hex.Excerpt(Encoding.UTF8.GetString(text))}\"");
    }

    private JsonTokenType Next()
    {
        try
        {
            return _json.Read() ? _json.TokenType : throw Fault("more members", "the end");
        }
        catch (JsonException error)
        {
            throw Fault("JSON", Hex.Excerpt(error.Message), error);
        }
    }
}
