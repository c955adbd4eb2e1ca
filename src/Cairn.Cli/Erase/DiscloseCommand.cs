using System.CommandLine;
using System.Security.Cryptography;
using Cairn.Cli.Identity;
using Cairn.Cli.Investigate;
using Cairn.Cli.Policies;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails;
using Cairn.Trails.Bundles;

namespace Cairn.Cli.Erase;

/// <summary>
/// <c>cairn disclose TRACE -o FILE</c>: the evidence bundle with chosen contents, each with the key of its own commitment; whoever has
/// the bundle opens no other. That they were handed out is a record, and without the record there is no bundle.
/// </summary>
internal static class DiscloseCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var trace = new Argument<string>("trace") { Description = "A trace id, or the start of one" };
        var record = new Option<string[]>("--record") { Description = "A record, or one member of it such as ID:input; may be given again", HelpName = "ID[:MEMBER]" };
        var tool = new Option<string[]>("--tool") { Description = "What every call of that tool took and gave; may be given again", HelpName = "NAME" };
        var decisions = ExportCommand.DecisionsOption();
        var policies = DecisionMaterial.PoliciesOption();
        var purpose = new Option<string?>("--purpose") { Description = "What it is for; it is recorded", HelpName = "TEXT" };
        var by = new Option<string?>("--by") { Description = "Who decided it; without, who runs the command", HelpName = "WHO" };
        var file = new Option<string>("--out", "-o") { Description = "The bundle's file", HelpName = "FILE", Required = true };
        var command = new Command("disclose", "Write a trail's evidence bundle with chosen contents opened and all others closed") { trace, record, tool, decisions, policies, purpose, by, file, data };
        command.SetAction(async (parsed, cancel) =>
        {
            var path = DataOption.Resolve(parsed.GetValue(data));
            var (records, tools) = (parsed.GetValue(record) ?? [], parsed.GetValue(tool) ?? []);
            if (records.Length + tools.Length == 0 && !parsed.GetValue(decisions))
            {
                throw new CliException("which contents? Give --record ID[:MEMBER], --tool NAME or --decisions", "cairn export TRACE -o FILE --content, for all of them");
            }

            await using var open = await OpenLedger.ReadAsync(path, sequence: true, cancel);
            var trail = await open.Trails.ReadAsync(open.Resolve(parsed.GetRequiredValue(trace)), cancel);
            if (await ErasureWords.ShreddingAsync(open, trail.Trace, cancel) is { } shredding)
            {
                throw new CliException($"nothing can be disclosed of trail {trail.Trace}: {ErasureWords.Tell(shredding)}");
            }

            var chosen = new HashSet<(RecordId, string)>(records.SelectMany(text => OfRecord(open, trail, text)).Concat(tools.SelectMany(name => OfTool(open, trail, name))));
            using var material = DecisionMaterial.Of(parsed.GetValue(decisions), parsed.GetValue(policies) ?? [], path);
            if (material is not null)
            {
                chosen.UnionWith(trail.Records.Where(entry => entry.Record.Kind == RecordKinds.PolicyDecided && Kept(open, trail, entry.Record.Id).Contains("input")).Select(entry => (entry.Record.Id, "input")));
            }

            var written = await BundleWriter.WriteAsync(open.Ledger, open.Directory, trail.Trace, parsed.GetRequiredValue(file), new BundleOptions { Content = true, Chosen = chosen, Decisions = material }, cancel);
            await RecordAsync(path, written, chosen.Count, parsed.GetValue(by) ?? OperatorTrail.By, parsed.GetValue(purpose), cancel);
            Console.Error.WriteLine($"cairn: {written.Path}: {Disk.Size(written.Bytes)}, {written.Records} records, {written.Contents} contents disclosed, {open.Ledger.CountContents(trail.Trace) - written.Contents} kept closed");
            return ExitCode.Done;
        });
        return command;
    }

    private static IEnumerable<(RecordId, string)> OfRecord(OpenLedger open, Trail trail, string text)
    {
        var (id, member) = text.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? (text[..colon], text[(colon + 1)..]) : (text, null);
        if (!RecordId.TryParse(id, out var record) || trail.Find.Record(record) is null)
        {
            throw new CliException($"trail {trail.Trace} has no record \"{id}\"", $"cairn show {trail.Trace} --output json");
        }

        var kept = Kept(open, trail, record);
        return member is null && kept.Count > 0 ? kept.Select(kept => (record, kept))
            : member is not null && kept.Contains(member) ? [(record, member)]
            : throw new CliException($"the ledger keeps no content for {(member is null ? "" : $"the {member} of ")}record {record}{(kept.Count > 0 ? $"; it keeps: {string.Join(", ", kept)}" : "")}");
    }

    private static List<(RecordId, string)> OfTool(OpenLedger open, Trail trail, string name)
    {
        var calls = trail.Actions.Where(action => action.Tool == name).ToList();
        if (calls.Count == 0)
        {
            throw new CliException($"trail {trail.Trace} has no call of a tool \"{name}\"; it has: {string.Join(", ", trail.Actions.Select(action => action.Tool).OfType<string>().Distinct().Order(StringComparer.Ordinal))}");
        }

        var spans = calls.Select(call => call.Span).ToHashSet();
        List<(RecordId, string)> kept =
        [
            .. trail.Records.Select(entry => entry.Record)
                .Where(record => record.Kind is RecordKinds.ActionRequested or RecordKinds.ActionCompleted && spans.Contains(record.Span))
                .SelectMany(record => Kept(open, trail, record.Id).Select(member => (record.Id, member))),
        ];
        return kept.Count > 0 ? kept : throw new CliException($"the ledger keeps no content of the calls of \"{name}\" in trail {trail.Trace}");
    }

    private static List<string> Kept(OpenLedger open, Trail trail, RecordId record) => [.. open.Ledger.ContentsOf(trail.Trace, record).Select(content => content.Member)];

    private static async Task RecordAsync(string data, BundleSummary written, int chosen, string by, string? purpose, CancellationToken cancel)
    {
        try
        {
            if (written.Contents != chosen)
            {
                throw new CliException($"{chosen} contents were chosen and {written.Contents} are in the bundle, so it was deleted; the vault or the ledger changed meanwhile");
            }

            string digest;
            await using (var bundle = File.OpenRead(written.Path))
            {
                digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(bundle, cancel));
            }

            await using var trail = await OperatorTrail.StartAsync(data, "disclose", cancel);
            await trail.RecordAsync(RecordKinds.LedgerExported, json =>
            {
                json.WriteString("by", by);
                json.WriteTexts("trails", [written.Trace.ToString()]);
                json.WriteString("bundle", $"sha256:{digest}");
                json.WriteBoolean("content", true);
                if (purpose is not null)
                {
                    json.WriteString("purpose", purpose);
                }
            }, cancel);
            await trail.EndAsync("done", cancel);
        }
        catch
        {
            File.Delete(written.Path);
            throw;
        }
    }
}
