using System.Text.Json;
using Cairn.Cli.Investigate;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Ledger;
using Cairn.Trails.Erasure;

namespace Cairn.Cli.Erase;

/// <summary>Shreddings and holds in words.</summary>
internal static class ErasureWords
{
    /// <summary>The shredding of a trail whose key is destroyed; null where it is not.</summary>
    public static async Task<Shredding?> ShreddingAsync(OpenLedger open, TraceId trace, CancellationToken cancel) =>
        TrailVault.IsShredded(open.Directory.VaultPath, trace)
            ? (await ErasureLog.ReadAsync(open.Ledger, open.Directory.TrustPolicy(), cancel)).ShreddingOf(trace)
            : null;

    /// <summary>What stands in place of the content.</summary>
    /// <param name="shredding">Its shredding.</param>
    /// <param name="isGone">Whether the key is known to be destroyed; otherwise the record's word is told.</param>
    public static string Tell(Shredding shredding, bool isGone = true) =>
        Screen.Plain($"content {(isGone || shredding.IsDone ? "shredded" : "about to be shredded")} on {Time(shredding.Time)} by {shredding.By} ({shredding.Reason}); the records verify as before. Record {shredding.Record}");

    /// <summary>Who holds, since when and why.</summary>
    public static string Tell(LegalHold hold) => Screen.Plain($"{hold.By} holds it since {Time(hold.Since)} ({hold.Reason}), hold {hold.Id}, record {hold.Record}");

    /// <summary>Says on standard error that the trail's content was shredded, where it was.</summary>
    public static async Task SayAsync(OpenLedger open, TraceId trace, CancellationToken cancel)
    {
        if (await ShreddingAsync(open, trace, cancel) is { } shredding)
        {
            Console.Error.WriteLine($"cairn: {Tell(shredding)}");
        }
    }

    /// <summary>Writes the member <c>content_shredded</c>, where the content was.</summary>
    public static void Write(Utf8JsonWriter json, Shredding? shredding)
    {
        if (shredding is not null)
        {
            json.WriteStartObject("content_shredded");
            json.WriteString("by", shredding.By);
            json.WriteString("reason", shredding.Reason);
            json.WriteString("time", shredding.Time);
            json.WriteString("record", shredding.Record.ToString());
            json.WriteEndObject();
        }
    }

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
