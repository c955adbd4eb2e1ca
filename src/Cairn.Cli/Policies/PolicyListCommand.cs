using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Policy;
using Cairn.Policy.Bundles;
using Cairn.Policy.Storage;
using Spectre.Console;

namespace Cairn.Cli.Policies;

/// <summary><c>cairn policy list</c>: every bundle that a data directory has kept.</summary>
internal static class PolicyListCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var command = new Command("list", "List the bundles that were ever pushed, oldest first, and which is in use") { data, output };
        command.SetAction(parsed =>
        {
            var folder = DataOption.Resolve(parsed.GetValue(data));
            var store = PolicyStore.Open(folder);
            var current = store.Current();
            var bundles = store.List().Select(s => (Stored: s, Manifest: BundleManifest.Read(store.Find(s.Digest)!))).ToList();
            if (parsed.IsJson(output))
            {
                WriteJson(bundles, current);
            }
            else if (bundles.Count == 0)
            {
                Console.Error.WriteLine($"{folder} has no policy. Try: cairn policy push DIR");
            }
            else
            {
                Print(bundles, current);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static string ModeOf(BundleManifest manifest, CurrentPolicy? current) => (current?.Mode ?? manifest.Mode) == PolicyMode.Shadow ? "shadow" : "enforce";

    private static void Print(List<(StoredPolicy Stored, BundleManifest Manifest)> bundles, CurrentPolicy? current)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("digest", "name", "version", "stored (UTC)", "in use");
        foreach (var (stored, manifest) in bundles)
        {
            table.AddRow(
                new Text(stored.Digest.ToString()[..12]),
                new Text(manifest.Name),
                new Text(manifest.Version),
                new Text(stored.Stored.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss")),
                new Text(stored.Digest == current?.Digest ? ModeOf(manifest, current) : ""));
        }

        Screen.Create().Console.Write(table);
    }

    private static void WriteJson(List<(StoredPolicy Stored, BundleManifest Manifest)> bundles, CurrentPolicy? current) => JsonOutput.Write(json =>
    {
        json.WriteStartArray();
        foreach (var (stored, manifest) in bundles)
        {
            json.WriteStartObject();
            json.WriteString("digest", $"sha256:{stored.Digest}");
            json.WriteString("name", manifest.Name);
            json.WriteString("version", manifest.Version);
            json.WriteString("stored", stored.Stored);
            json.WriteNumber("bytes", stored.Bytes);
            json.WriteBoolean("current", stored.Digest == current?.Digest);
            if (stored.Digest == current?.Digest)
            {
                json.WriteString("mode", ModeOf(manifest, current));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
