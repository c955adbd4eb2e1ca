using Cairn.Evidence.Bundles;
using Cairn.Evidence.Drills;

namespace Cairn.Cli.Demo;

/// <summary>What a careful forger would do: change one letter of a record, and mend digests and checksums, so that the file itself looks whole.</summary>
internal static class Tampering
{
    /// <summary>Copies the bundle and changes one letter of a written action's resource; says what it did.</summary>
    /// <exception cref="InvalidDataException">The bundle holds no record of a write.</exception>
    public static string AlterOneByte(string bundle, string copy)
    {
        var line = 0;
        File.WriteAllBytes(copy, ForgedBundle.Edit(File.ReadAllBytes(bundle), BundleFiles.Records, records =>
        {
            var at = records.AsSpan().IndexOf("tools/write_file"u8);
            if (at < 0)
            {
                throw new InvalidDataException($"{bundle} holds no record of write_file in {BundleFiles.Records}");
            }

            at += "tools/".Length;
            records[at] = (byte)'W';
            line = 1 + records.AsSpan(0, at).Count((byte)'\n');
            return records;
        }));
        return $"$ one byte of {BundleFiles.Records}, line {line}: \"write_file\" becomes \"Write_file\"; the manifest's digests and the zip's checksums are mended";
    }
}
