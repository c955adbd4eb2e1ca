using System.Text.Json;

namespace Cairn.Evidence.Tests;

/// <summary>The files of <c>docs/spec</c>: vectors and schemas that tests consume.</summary>
internal static class SpecFiles
{
    /// <summary>The folder <c>docs/spec</c> of the working copy that the tests were built from.</summary>
    public static string Root { get; } = Path.Combine(Repository(), "docs", "spec");

    public static byte[] Bytes(string path) => File.ReadAllBytes(Path.Combine(Root, path));

    public static JsonElement Json(string path) => JsonElement.Parse(Bytes(path));

    public static byte[] Hex(this JsonElement element, string member) => Convert.FromHexString(element.GetProperty(member).GetString()!);

    public static string Text(this JsonElement element, string member) => element.GetProperty(member).GetString()!;

    private static string Repository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Cairn.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"no Cairn.slnx above {AppContext.BaseDirectory}");
    }
}
