using System.Text.Json;

namespace Cairn.Evidence.Tests.Vectors;

/// <summary>
/// The specification's test vectors in docs/spec/vectors. Tests read them as a stranger's verifier would; the generators in
/// this project only check that the committed bytes are still what this code makes.
/// </summary>
internal static class VectorFiles
{
    /// <summary>Set to 1 to write the generated files in place of comparing them; review the difference before committing it.</summary>
    private const string WriteSwitch = "CAIRN_WRITE_VECTORS";

    private static readonly Lazy<string> Root = new(FindRoot);

    private static readonly JsonSerializerOptions Layout = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>A vector file's bytes; the path is relative to docs/spec/vectors.</summary>
    public static byte[] Bytes(string path) => File.ReadAllBytes(Path.Combine(Root.Value, path));

    /// <summary>A vector file's JSON.</summary>
    public static JsonElement Json(string path) => JsonSerializer.Deserialize<JsonElement>(Bytes(path));

    /// <summary>An object as the JSON text of a vector file: two spaces, snake_case, final newline.</summary>
    public static byte[] Encode(object value) => [.. JsonSerializer.SerializeToUtf8Bytes(value, Layout), (byte)'\n'];

    /// <summary>Asserts that a folder holds exactly these files, byte for byte.</summary>
    public static void AssertCommitted(string folder, IReadOnlyDictionary<string, byte[]> files)
    {
        var path = Path.Combine(Root.Value, folder);
        if (Environment.GetEnvironmentVariable(WriteSwitch) == "1")
        {
            Directory.CreateDirectory(path);
            foreach (var (name, bytes) in files)
            {
                File.WriteAllBytes(Path.Combine(path, name), bytes);
            }
        }

        Assert.Equal(files.Keys.Order(StringComparer.Ordinal), Directory.GetFiles(path).Select(Path.GetFileName).Order(StringComparer.Ordinal)!);
        foreach (var (name, bytes) in files)
        {
            Assert.True(bytes.AsSpan().SequenceEqual(Bytes(Path.Combine(folder, name))), $"docs/spec/vectors/{folder}/{name} is not what this code makes");
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Cairn.slnx")))
            {
                return Path.Combine(folder.FullName, "docs", "spec", "vectors");
            }
        }

        throw new DirectoryNotFoundException($"no Cairn.slnx above {AppContext.BaseDirectory}");
    }
}
